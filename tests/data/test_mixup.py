import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from leyden.data.loader import Order
from leyden.data.mixup import Mixup

LABELS = torch.arange(60) % 5
IMAGES = torch.randn(60, 1, 2, 2, generator=torch.Generator().manual_seed(0))


class Images:
    def __len__(self):
        return 60

    def __getitem__(self, draw):
        return IMAGES[draw.index], LABELS[draw.index]


def draws(**options):
    return list(Order(60, batch_size=12, shuffle=True, seed=3, mixup=0.4, **options))


def mixtures(parts):
    """Share and partner of every sample."""
    return {
        (index, partner, draw.share)
        for draw in parts
        for index, partner in zip(draw.index.tolist(), draw.partner.tolist(), strict=True)
    }


@given(world_size=st.sampled_from([1, 2, 3]), accumulate=st.sampled_from([1, 2, 4]))
def test_mixtures_do_not_depend_on_how_a_batch_is_dealt_out(world_size, accumulate):
    split = {"world_size": world_size, "accumulate": accumulate}
    parts = [draw for rank in range(world_size) for draw in draws(rank=rank, **split)]
    assert mixtures(parts) == mixtures(draws())


def test_partners_are_of_the_same_global_batch_and_each_is_one_once():
    for draw in draws():
        assert sorted(draw.partner.tolist()) == sorted(draw.index.tolist())


def test_steps_and_epochs_have_shares_of_their_own():
    order = Order(60, batch_size=12, shuffle=True, seed=3, mixup=0.4)
    shares = []
    for epoch in range(3):
        order.set_epoch(epoch)
        shares += [draw.share for draw in order]
    assert len(set(shares)) == 15


def test_shares_are_from_the_beta_distribution():
    order = Order(2000, batch_size=2, shuffle=True, seed=0, mixup=0.4)
    assert kstest([draw.share for draw in order], "beta", args=(0.4, 0.4)).pvalue > 0.01


def test_inputs_and_labels_are_mixed_alike():
    mixed = Mixup(Images(), num_classes=5)
    for draw in draws():
        inputs, targets = mixed[draw]
        share, rest = draw.share, 1 - draw.share
        expected = share * IMAGES[draw.index] + rest * IMAGES[draw.partner]
        torch.testing.assert_close(inputs, expected)
        own, others = (F.one_hot(LABELS[i], 5).float() for i in (draw.index, draw.partner))
        torch.testing.assert_close(targets, share * own + rest * others)
        assert targets.sum(dim=1).tolist() == pytest.approx([1.0] * 12)
