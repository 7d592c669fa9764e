import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from leyden.data.scaling import mean_and_scale


@given(
    offset=st.sampled_from([0.0, 1.0, -1e4, 1e9]),
    size=st.integers(-150, 150).map(lambda power: 10.0**power),
    n=st.integers(2, 40),
    seed=st.integers(0, 99),
)
def test_what_varies_is_scaled_whatever_its_offset_and_size(offset, size, n, seed):
    unscaled = offset + np.random.default_rng(seed).normal(size=(n, 1))
    mean, scale = mean_and_scale(torch.tensor(unscaled * size))
    expected = StandardScaler().fit(unscaled)
    assert mean.item() / size == pytest.approx(expected.mean_.item(), rel=1e-9, abs=1e-12)
    deviation = expected.scale_.item() * (n / (n - 1)) ** 0.5
    assert scale.item() / size == pytest.approx(deviation, rel=1e-5)


@given(value=st.floats(-1e300, 1e300), n=st.integers(1, 40))
def test_what_does_not_vary_keeps_its_unit(value, n):
    mean, scale = mean_and_scale(torch.full((n, 1), value, dtype=torch.float64))
    assert mean.item() == pytest.approx(value, rel=1e-12)
    assert scale.item() == 1


def test_rounding_is_no_variation():
    values = torch.tensor([0.3, 0.1 + 0.2] * 20, dtype=torch.float64)[:, None]
    assert mean_and_scale(values)[1].item() == 1
