import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from leyden.data.batches import (
    GOLDEN_RATIO,
    BatchSampler,
    Mixup,
    logical_shift,
    permutation,
    scramble,
    uniform,
)

few = settings(deadline=None, max_examples=25, derandomize=True)
seeds = st.integers(0, 2**62)
epochs = st.integers(0, 1000)


def as_unsigned(bits):
    return [number % 2**64 for number in bits.tolist()]


@pytest.mark.parametrize(
    ("seed", "first", "second"),
    [
        (1234567, 6457827717110365317, 3203168211198807973),
        (0, 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4),
    ],
)
def test_scramble_gives_splitmix64s_published_numbers(seed, first, second):
    assert as_unsigned(scramble(torch.tensor([seed, seed + GOLDEN_RATIO]))) == [first, second]


@few
@given(number=st.integers(-(2**63), 2**63 - 1), places=st.integers(1, 63))
def test_logical_shift_is_that_of_unsigned_integers(number, places):
    assert logical_shift(torch.tensor([number]), places).item() == (number % 2**64) >> places


@few
@given(length=st.integers(0, 200), seed=seeds, epoch=epochs)
def test_an_epochs_order_is_a_permutation(length, seed, epoch):
    order = permutation(length, seed=seed, epoch=epoch)
    assert sorted(order.tolist()) == list(range(length))


def test_orders_differ_by_seed_and_epoch_and_by_nothing_else():
    keys = [(seed, epoch) for seed in range(5) for epoch in range(5)]
    orders = {tuple(permutation(50, seed=s, epoch=e).tolist()) for s, e in keys}
    torch.manual_seed(99)
    again = {tuple(permutation(50, seed=s, epoch=e).tolist()) for s, e in reversed(keys)}
    assert len(orders) == len(keys)
    assert again == orders


@few
@given(seed=seeds, epoch=epochs, stream=st.integers(0, 5), rotate=st.integers(0, 99))
def test_a_uniform_number_depends_on_its_sample_not_on_its_batch(seed, epoch, stream, rotate):
    index = torch.arange(100).roll(rotate)
    key = {"seed": seed, "epoch": epoch, "stream": stream}
    together = uniform(index, **key)
    alone = torch.cat([uniform(one, **key) for one in index.split(7)])
    assert torch.equal(alone, together)
    assert torch.equal(together.roll(-rotate), uniform(torch.arange(100), **key))


@few
@given(seed=seeds, epoch=epochs, stream=st.integers(0, 5))
def test_uniform_numbers_fill_sixteen_bins_evenly(seed, epoch, stream):
    numbers = uniform(torch.arange(16_000), seed=seed, epoch=epoch, stream=stream)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    counts = torch.bincount((numbers * 16).long(), minlength=16)
    chi_squared = ((counts - 1000.0) ** 2 / 1000).sum()
    assert chi_squared < 50  # 15 degrees of freedom: once in 80,000 draws


def test_neighbouring_keys_give_unrelated_numbers():
    index, key = torch.arange(10_000), {"seed": 3, "epoch": 4, "stream": 0}
    neighbours = [uniform(index, **key), uniform(index + 1, **key)]
    neighbours += [uniform(index, **key | {part: key[part] + 1}) for part in key]
    correlations = torch.corrcoef(torch.stack(neighbours))
    torch.testing.assert_close(correlations, torch.eye(5), rtol=0, atol=0.05)


def test_the_global_generator_is_neither_read_nor_moved():
    torch.manual_seed(0)
    first = uniform(torch.arange(5), seed=1, epoch=2, stream=0)
    state = torch.get_rng_state()
    permutation(10, seed=1, epoch=2)
    torch.testing.assert_close(torch.get_rng_state(), state)
    torch.manual_seed(1)
    assert torch.equal(uniform(torch.arange(5), seed=1, epoch=2, stream=0), first)


LABELS = torch.arange(60) % 5
IMAGES = torch.randn(60, 1, 2, 2, generator=torch.Generator().manual_seed(0))


class Images:
    def __len__(self):
        return 60

    def __getitem__(self, batch):
        return IMAGES[batch.index], LABELS[batch.index]


def draws(**options):
    return list(BatchSampler(60, batch_size=12, shuffle=True, seed=3, mixup=0.4, **options))


def mixtures(parts):
    """Share and partner of every sample."""
    return {
        (index, partner, batch.share)
        for batch in parts
        for index, partner in zip(batch.index.tolist(), batch.partner.tolist(), strict=True)
    }


@given(world_size=st.sampled_from([1, 2, 3]), accumulate=st.sampled_from([1, 2, 4]))
def test_mixtures_do_not_depend_on_how_a_batch_is_dealt_out(world_size, accumulate):
    split = {"world_size": world_size, "accumulate": accumulate}
    parts = [batch for rank in range(world_size) for batch in draws(rank=rank, **split)]
    assert mixtures(parts) == mixtures(draws())


def test_partners_are_of_the_same_global_batch_and_each_is_one_once():
    for batch in draws():
        assert sorted(batch.partner.tolist()) == sorted(batch.index.tolist())


def test_steps_and_epochs_have_shares_of_their_own():
    order = BatchSampler(60, batch_size=12, shuffle=True, seed=3, mixup=0.4)
    shares = []
    for epoch in range(3):
        order.set_epoch(epoch)
        shares += [batch.share for batch in order]
    assert len(set(shares)) == 15


def test_shares_are_from_the_beta_distribution():
    order = BatchSampler(2000, batch_size=2, shuffle=True, seed=0, mixup=0.4)
    assert kstest([batch.share for batch in order], "beta", args=(0.4, 0.4)).pvalue > 0.01


def test_inputs_and_labels_are_mixed_alike():
    mixed = Mixup(Images(), num_classes=5)
    for batch in draws():
        inputs, targets = mixed[batch]
        share, rest = batch.share, 1 - batch.share
        expected = share * IMAGES[batch.index] + rest * IMAGES[batch.partner]
        torch.testing.assert_close(inputs, expected)
        own, others = (F.one_hot(LABELS[i], 5).float() for i in (batch.index, batch.partner))
        torch.testing.assert_close(targets, share * own + rest * others)
        assert targets.sum(dim=1).tolist() == pytest.approx([1.0] * 12)
