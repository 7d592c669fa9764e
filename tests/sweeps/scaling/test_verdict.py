import numpy as np
import pytest

from leyden.sweeps.scaling.fit import Points
from leyden.sweeps.scaling.measured import Measured
from leyden.sweeps.scaling.study import study_of

SIZES = np.repeat([2e3, 5e3, 1e4, 3e4, 1e5, 3e5], 3)


def verdict(losses, sizes=SIZES):
    measured = Measured({"": Points(losses, sizes)}, {"": "samples"}, {"": ""}, {})
    return study_of(measured, source="test", resamples=60).recipes[""].weaknesses


@pytest.mark.parametrize("seed", range(8))
def test_losses_that_do_not_depend_on_the_size_are_not_extrapolated(seed):
    random = np.random.default_rng(seed)
    assert verdict(0.03 * random.lognormal(0, 0.7, size=len(SIZES)))


@pytest.mark.parametrize("seed", range(4))
def test_a_law_with_little_noise_is_extrapolated(seed):
    random = np.random.default_rng(seed)
    losses = 1.5 + 40 * SIZES**-0.4
    assert verdict(losses * random.lognormal(0, 0.005, size=len(SIZES))) == []


def test_an_exponent_at_the_bound_of_its_search_is_said():
    """A step from one loss to another has no exponent."""
    losses = np.where(SIZES < 4e3, 1.0, 0.1) * (1 + 0.001 * np.tile([-1, 0, 1], 6))
    assert any("alpha is known only" in reason for reason in verdict(losses))
