"""Means over a part are those of its samples, whatever the precision and the batches."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torchmetrics import MeanAbsoluteError

from leyden.data import Spec
from leyden.optim import constant, sgd
from leyden.tasks import Regression
from leyden.tasks.evaluation import Evaluation


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_each_sample_counts_alike_in_batches_of_any_size(sizes, seed):
    numbers = torch.rand(sum(sizes), generator=torch.Generator().manual_seed(seed)).double()
    evaluation = Evaluation({"mae": MeanAbsoluteError()})
    for batch in numbers.split(sizes):
        evaluation.update(batch.mean(), len(batch), batch, torch.zeros_like(batch))
    found = evaluation.compute()
    assert float(found["loss"]) == pytest.approx(float(numbers.mean()), rel=1e-12)
    assert float(found["mae"]) == pytest.approx(float(numbers.mean()), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
def test_sums_go_on_growing_after_the_task_is_converted(dtype):
    task = Regression(
        nn.Linear(1, 1), spec=Spec("series", (1, 1), 1), optimizer=sgd, schedule=constant
    )
    task.to(dtype)
    one = torch.tensor(1.0)
    for _ in range(3000):
        task.val.update(one, 1, one.view(1), one.view(1) - 1)
    task.val.update(torch.tensor(3001.0), 1, one.view(1), one.view(1))
    assert float(task.val.compute()["loss"]) == pytest.approx(6001 / 3001, rel=1e-12)


def test_a_part_is_forgotten_once_it_has_been_computed():
    evaluation = Evaluation()
    for loss in (5.0, 7.0):
        evaluation.update(torch.tensor(loss), 3)
        assert float(evaluation.compute()["loss"]) == loss


def test_nan_in_one_batch_is_nan_in_the_mean():
    evaluation = Evaluation()
    evaluation.update(torch.tensor(1.0), 3)
    evaluation.update(torch.tensor(torch.nan), 3)
    assert evaluation.compute()["loss"].isnan()
