"""Laws are found again, and what does not determine one is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.errors import ConfigError
from leyden.sweeps.scaling.fit import Law, Points, fit
from leyden.sweeps.scaling.verdict import best_allocation, hold_out_largest, lack_of_fit, speed_up


def grid(count=6):
    n, d = np.meshgrid(np.geomspace(1e6, 1e9, count), np.geomspace(1e8, 1e11, count))
    return n.ravel(), d.ravel()


def losses(n, d, *, floor=1.69, a=406.4, b=410.7, alpha=0.34, beta=0.28):
    return floor + a * n**-alpha + b * d**-beta


@settings(max_examples=40)
@given(
    alpha=st.floats(0.1, 0.9),
    beta=st.floats(0.1, 0.9),
    floor=st.floats(0.1, 4.0),
    shares=st.tuples(st.floats(0.2, 5.0), st.floats(0.2, 5.0)),
)
def test_a_law_without_noise_is_found_to_a_thousandth(alpha, beta, floor, shares):
    n, d = grid()
    a, b = shares[0] * 1e7**alpha, shares[1] * 1e9**beta
    law = fit(Points(losses(n, d, floor=floor, a=a, b=b, alpha=alpha, beta=beta), n, d))
    assert law.value("alpha") == pytest.approx(alpha, rel=1e-3)
    assert law.value("beta") == pytest.approx(beta, rel=1e-3)
    assert law.value("E") == pytest.approx(floor, rel=1e-3)


def test_the_exponents_are_found_to_three_percent_with_noise_of_one_percent():
    """The median over data sets: a single one has the error of its noise."""
    n, d = np.repeat(grid(10), 3, axis=1)
    errors = []
    for seed in range(20):
        noise = np.exp(0.01 * np.random.default_rng(seed).normal(size=len(n)))
        law = fit(Points(losses(n, d) * noise, n, d))
        errors.append((law.value("alpha") / 0.34 - 1, law.value("beta") / 0.28 - 1))
    assert np.median(np.abs(errors)) < 0.03


def test_outliers_count_little():
    n, d = grid()
    loss = losses(n, d)
    loss[[3, 17]] *= 1.5
    law = fit(Points(loss, n, d))
    assert law.value("alpha") == pytest.approx(0.34, rel=1e-2)


def test_a_term_whose_amount_does_not_vary_is_left_out():
    n = np.geomspace(1e4, 1e7, 8)
    law = fit(Points(0.3 + 20 * n**-0.4, n, np.full(8, 5000.0)))
    assert law.terms == ("N",)
    assert law.value("alpha") == pytest.approx(0.4, rel=1e-3)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (Points(np.ones(4), np.ones(4)), "nothing scales"),
        (Points(np.ones(4), np.array([1.0, 1, 2, 2])), "has 2 different sizes"),
        (Points(np.ones(3), np.array([1.0, 2, 3])), "has 3 points; a law with 3 parameters"),
    ],
)
def test_too_few_points_are_refused(points, message):
    with pytest.raises(ConfigError, match=message):
        fit(points)


def test_the_largest_size_is_predicted_by_the_others():
    n, d = grid()
    held = hold_out_largest(Points(losses(n, d), n, d), resamples=20)
    assert held.largest == 1e9
    assert held.measured == pytest.approx(losses(n, d)[n == 1e9].mean())
    assert held.error == pytest.approx(0, abs=1e-6)


def test_a_wrong_law_is_seen_beside_the_noise_of_repeats():
    random = np.random.default_rng(0)
    n = np.repeat(np.geomspace(1e4, 1e8, 9), 4)
    noise = np.exp(0.002 * random.normal(size=len(n)))
    right = 0.3 + 20 * n**-0.4
    bent = right * (1 + 0.1 * np.sin(2 * np.log10(n)))
    of_right = lack_of_fit(Points(right * noise, n), fit(Points(right * noise, n)))
    of_bent = lack_of_fit(Points(bent * noise, n), fit(Points(bent * noise, n)))
    assert of_right > 0.05
    assert of_bent < 1e-6


def test_without_repeats_nothing_is_known_of_the_noise():
    n, d = grid()
    points = Points(losses(n, d), n, d)
    assert lack_of_fit(points, fit(points)) is None


@given(alpha=st.floats(0.2, 0.6), beta=st.floats(0.2, 0.6), exponent=st.floats(17, 24))
def test_no_other_split_of_a_budget_has_less_loss(alpha, beta, exponent):
    law = Law(("N", "D"), 1.7, (400.0, 2000.0), (alpha, beta), 1e-3, np.zeros(10))
    best = best_allocation(law, 10**exponent)
    assert 6 * best.params * best.amount == pytest.approx(10**exponent, rel=1e-9)
    for factor in (0.9, 1.1):
        assert law(N=best.params * factor, D=best.amount / factor) > best.loss


def test_the_speed_up_is_the_ratio_of_the_amounts_for_one_loss():
    law = Law(("D",), 1.0, (50.0,), (0.5,), 1e-3, np.zeros(5))
    worse, better = float(law(D=1e4)), float(law(D=9e4))
    assert speed_up(law, "D", worse, better) == pytest.approx(9.0)
    assert np.isnan(speed_up(law, "D", worse, 0.9))
