import math
from itertools import count

import pytest
import torch
from torch import Tensor, nn

from tests.bench.case import Case, Options, Pairs, Row, Skipped, Target, alternate
from tests.bench.growth.curve import Curve
from tests.bench.whole_text import whole_loss


class Even(nn.Module):
    """Finds all of four tokens equally likely."""

    def forward(self, tokens: Tensor) -> Tensor:
        return torch.zeros(*tokens.shape, 4)


def test_both_sides_are_measured_in_turn_and_the_first_pair_is_dropped() -> None:
    clock = count()
    pairs = alternate(lambda: next(clock), lambda: next(clock), repetitions=2)
    assert (pairs.ours, pairs.reference) == ([2, 4], [3, 5])


def test_a_ratio_is_of_medians_and_its_spread_of_pairs() -> None:
    pairs = Pairs([1.0, 2.0, 9.0], [2.0, 4.0, 3.0])
    assert pairs.ratio == pytest.approx(2 / 3)
    assert pairs.spread == (0.5, 3.0)


@pytest.mark.parametrize(
    ("target", "is_equal", "met"),
    [
        (Target(0.5), True, True),
        (Target(0.4), True, False),
        (Target(0.5, "at least"), True, True),
        (Target(0.6, "at least"), True, False),
        (Target(1.0, of="ours"), True, True),
        (Target(0.9, of="ours"), True, False),
        (Target(0.5), False, False),
        (None, True, None),
    ],
)
def test_a_target_is_met_by_figure_and_quality(
    target: Target | None, is_equal: bool, met: bool | None
) -> None:
    def measure(options: Options) -> Row | Skipped:
        return Row(Pairs([1.0], [2.0]), "s", is_equal=is_equal)

    case = Case("any", measure, target)
    row = case.measure(Options())
    assert isinstance(row, Row)
    assert case.is_met(row) is met


def test_an_exponent_is_that_of_the_power() -> None:
    sizes = [1.0, 10.0, 100.0, 1000.0]
    curve = Curve("time", "jobs", "s", sizes, [3 * size**2 for size in sizes])
    assert curve.exponent == pytest.approx(2)
    assert curve.last_exponent == pytest.approx(2)
    assert not curve.is_nearly_linear


def test_a_constant_part_does_not_hide_how_a_cost_goes_on() -> None:
    sizes = [1.0, 10.0, 100.0, 1000.0]
    curve = Curve("time", "jobs", "s", sizes, [100 + 0.01 * size**2 for size in sizes])
    assert curve.exponent < 1.2
    assert not curve.is_nearly_linear


def test_a_whole_text_is_evaluated_to_its_last_token() -> None:
    for length in (8, 9, 10):  # of which all but the first are predicted
        loss = whole_loss(Even(), torch.zeros(length, dtype=torch.long), context=4)
        assert loss == pytest.approx(math.log(4))
