"""The lowest points of budgets."""

import numpy as np
import pytest

from leyden.sweeps.scaling.fit import Points
from leyden.sweeps.scaling.isoflop import envelope, optima, power_law

AMOUNTS = np.geomspace(1e8, 1e10, 7)


def parabola(lowest, loss=3.0, width=0.1):
    return loss + width * np.log(AMOUNTS / lowest) ** 2


def test_three_published_points_have_the_optimum_that_was_published():
    """Tokens 2.84e9, loss 3.361, at 1e18 FLOPs."""
    tokens = np.array([5.77e9, 2.33e9, 9.23e8])
    loss = np.array([3.399, 3.364, 3.456])
    (found,) = optima(Points(loss, amount=tokens, flops=np.full(3, 1e18)))
    assert found.amount == pytest.approx(2.84e9, rel=2e-3)
    assert found.loss == pytest.approx(3.361, abs=5e-4)
    assert found.is_inside


def test_each_budget_has_its_lowest_point():
    lowest = {1e18: 1e9, 1e19: 3e9}
    loss = np.concatenate([parabola(at) for at in lowest.values()])
    flops = np.repeat([*lowest], 7) * np.tile(1 + 1e-3 * np.arange(7), 2)
    found = optima(Points(loss, None, np.tile(AMOUNTS, 2), flops))
    assert [one.amount for one in found] == pytest.approx([*lowest.values()])
    assert [one.count for one in found] == [7, 7]


def test_a_lowest_point_outside_of_the_points_is_said():
    (found,) = optima(Points(parabola(1e11), None, AMOUNTS, np.full(7, 1e18)))
    assert not found.is_inside


def test_a_parabola_that_opens_downward_has_none():
    assert optima(Points(6 - parabola(1e9), None, AMOUNTS, np.full(7, 1e18))) == []


def test_a_budget_of_two_amounts_has_none():
    amounts = np.array([1e8, 1e8, 1e9])
    assert optima(Points(np.array([3.0, 3.1, 2.9]), None, amounts, np.full(3, 1e18))) == []


def test_a_power_law_is_found():
    flops = np.array([1e18, 1e19, 1e20])
    law = power_law(flops, 0.3 * flops**0.5)
    assert (law.factor, law.exponent) == pytest.approx((0.3, 0.5))
    assert power_law(flops[:1], flops[:1]) is None


def test_the_frontier_has_what_no_cheaper_point_beats():
    points = Points(np.array([3.0, 2.0, 2.5, 1.9]), flops=np.array([1.0, 2.0, 3.0, 4.0]))
    assert envelope(points) == [0, 1, 3]
