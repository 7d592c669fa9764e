import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import r2_score

from leyden.tasks.evaluation import Evaluation
from leyden.tasks.regression import R2


def measured(predicted, targets, batch=7):
    evaluation = Evaluation({"r2": R2()})
    for p, y in zip(predicted.split(batch), targets.split(batch), strict=True):
        evaluation.update((p - y).square().mean(), len(y), p, y)
    return float(evaluation.compute()["r2"])


@given(
    offset=st.sampled_from([0.0, 1.0, -30.0, 1e3]),
    error=st.sampled_from([0.0, 1e-6, 1e-3, 0.3, 5.0]),
    n=st.integers(2, 60),
    seed=st.integers(0, 99),
)
def test_it_is_scikit_learns_whatever_offset_error_and_number(offset, error, n, seed):
    generator = torch.Generator().manual_seed(seed)
    targets = offset + torch.randn(n, generator=generator, dtype=torch.float64)
    predicted = targets + error * torch.randn(n, generator=generator, dtype=torch.float64)
    assert measured(predicted, targets) == pytest.approx(r2_score(targets, predicted), rel=1e-7)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6])
def test_targets_that_are_all_alike_have_none(value):
    targets = torch.full((20,), value)
    assert torch.tensor(measured(targets + 1, targets)).isnan()
