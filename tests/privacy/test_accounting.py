"""Epsilon beside published values, and beside what is known in closed form."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import norm

from leyden.privacy.accounting import (
    ACCOUNTANTS,
    SampledGaussian,
    epsilon_after,
    noise_for,
    steps_within,
)

pytest.importorskip("opacus")

DELTA = 1e-5


def epsilon(accountant, *, noise, steps, sample_rate=256 / 60000, delta=DELTA):
    mechanism = SampledGaussian(sample_rate, noise)
    return epsilon_after(steps, mechanism, delta=delta, accountant=accountant)


@pytest.mark.parametrize(
    ("noise", "epochs", "published"),
    [
        (1.12, 60, 2.92),  # TensorFlow Privacy, compute_dp_sgd_privacy.py
        (1.3, 15, 1.19),  # TensorFlow Privacy, tutorials/README.md, as are the next two
        (1.1, 60, 3.0),
        (0.7, 45, 7.10),
        (1.3, 20, 1.34),  # Bu et al. 2020, "Deep Learning with Gaussian DP", figure 4
        (0.7, 70, 8.68),
    ],
)
def test_the_classic_conversion_gives_the_published_epsilons(noise, epochs, published):
    steps = math.ceil(epochs * 60000 / 256)
    found = epsilon("rdp_classic", noise=noise, steps=steps)
    assert found == pytest.approx(published, abs=0.012)


def test_the_improved_conversion_gives_its_published_epsilon():
    assert epsilon("rdp", noise=1.12, steps=14063) == pytest.approx(2.52, abs=0.005)


def exact_epsilon(noise, steps, delta):
    """Of the Gaussian mechanism without sampling (Balle and Wang 2018, theorem 8)."""
    slope = math.sqrt(steps) / noise

    def excess(eps):
        spent = norm.cdf(slope / 2 - eps / slope)
        return spent - math.exp(eps) * norm.cdf(-slope / 2 - eps / slope) - delta

    return brentq(excess, 1e-6, 60)


@given(noise=st.floats(1, 20), steps=st.integers(1, 50))
@settings(max_examples=25)
def test_all_accountants_bound_the_exact_epsilon_of_whole_batches(noise, steps):
    exact = exact_epsilon(noise, steps, DELTA)
    found = [epsilon(name, noise=noise, steps=steps, sample_rate=1.0) for name in ACCOUNTANTS]
    assert found[0] == pytest.approx(exact, abs=0.03)
    assert exact - 1e-6 <= found[0] + 1e-6
    assert found[0] <= found[1] + 0.03
    assert found[1] <= found[2]


@given(
    accountant=st.sampled_from(["rdp", "rdp_classic"]),
    budget=st.floats(0.2, 30),
    steps=st.integers(1, 10_000),
    sample_rate=st.floats(0.001, 1),
)
@settings(max_examples=8)
def test_solved_noise_keeps_the_budget_and_little_less_does_not(
    accountant, budget, steps, sample_rate
):
    rest = {"sample_rate": sample_rate, "steps": steps}
    noise = noise_for(budget, delta=DELTA, accountant=accountant, **rest)
    assert epsilon(accountant, noise=noise, **rest) <= budget
    assert noise <= 0.0501 or epsilon(accountant, noise=0.998 * noise, **rest) > budget
    assert noise == float(f"{noise:.4g}")


@given(budget=st.floats(0.5, 10), noise=st.floats(0.7, 3), sample_rate=st.floats(0.01, 0.5))
@settings(max_examples=25)
def test_the_last_step_within_a_budget_is_the_last(budget, noise, sample_rate):
    mechanism = SampledGaussian(sample_rate, noise)
    rules = {"delta": DELTA, "accountant": "rdp"}
    last = steps_within(budget, mechanism, planned=None, **rules)
    assert epsilon_after(last, mechanism, **rules) <= budget
    assert epsilon_after(last + 1, mechanism, **rules) > budget
    assert steps_within(budget, mechanism, planned=last // 2, **rules) == last // 2


def test_no_noise_is_refused_where_none_suffices():
    with pytest.raises(ValueError, match="no noise keeps 10 steps within epsilon 1e-09"):
        noise_for(1e-9, steps=10, sample_rate=0.1, delta=DELTA, accountant="rdp_classic")
