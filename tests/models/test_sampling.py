import pytest
import torch

from leyden.models.generation import Sampling

LOGITS = torch.tensor([[0.1, 0.2, 0.7]]).log()


def shares(logits=LOGITS, **options):
    return Sampling(**options).shares(logits)[0].tolist()


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [0.1, 0.2, 0.7]),
        (0.5, [0.01 / 0.54, 0.04 / 0.54, 0.49 / 0.54]),
        (0.0, [0.0, 0.0, 1.0]),
    ],
)
def test_the_temperature_is_the_root_of_the_shares(temperature, expected):
    assert shares(temperature=temperature) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("top_k", "expected"), [(1, [0, 0, 1]), (2, [0, 2 / 9, 7 / 9]), (9, [0.1, 0.2, 0.7])]
)
def test_only_the_k_likeliest_are_drawn_from(top_k, expected):
    assert shares(top_k=top_k) == pytest.approx(expected)


def test_of_equally_likely_tokens_no_more_than_k_are_drawn_from():
    kept = shares(torch.zeros(1, 10), top_k=3)
    assert sorted(kept) == pytest.approx([0] * 7 + [1 / 3] * 3)


@pytest.mark.parametrize(
    ("top_p", "expected"),
    [(0.0, [0, 0, 0.7]), (0.5, [0, 0, 0.7]), (0.8, [0, 0.2, 0.7]), (1.0, [0.1, 0.2, 0.7])],
)
def test_the_likeliest_that_have_the_share_p_together_are_drawn_from(top_p, expected):
    assert shares(top_p=top_p) == pytest.approx(expected)


def test_p_is_a_share_of_what_k_leaves():
    assert shares(top_k=2, top_p=0.75) == pytest.approx([0, 0, 7 / 9])  # 0.7 alone would not do


def test_tokens_come_as_often_as_their_shares_say():
    generators = [torch.Generator().manual_seed(seed) for seed in range(20_000)]
    tokens = Sampling().draw(LOGITS.expand(20_000, 3), generators)
    counted = torch.bincount(tokens, minlength=3) / 20_000
    torch.testing.assert_close(counted, torch.tensor([0.1, 0.2, 0.7]), rtol=0, atol=0.015)


def test_a_row_is_drawn_by_its_own_generator():
    logits = torch.zeros(2, 1000)
    pair = Sampling().draw(logits, [torch.Generator().manual_seed(seed) for seed in (1, 2)])
    alone = Sampling().draw(logits[:1], [torch.Generator().manual_seed(2)])
    assert pair[1] == alone[0] != pair[0]
