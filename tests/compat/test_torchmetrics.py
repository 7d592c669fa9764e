"""What Leyden uses of torchmetrics' private names is there, and does what Leyden takes it for."""

import warnings

import pytest
import torch
from torchmetrics import MeanMetric, MetricCollection
from torchmetrics.aggregation import RunningMean
from torchmetrics.classification import BinaryPrecision, BinaryRecall

from leyden.compat.torchmetrics import set_update_count, set_window_place, window_place


def test_the_count_of_updates_is_what_was_set():
    metric = MeanMetric()
    set_update_count(metric, 3)
    assert metric.update_count == 3
    assert metric.update_called


def test_a_metric_with_restored_states_does_not_warn_as_empty():
    metric = MeanMetric()
    metric.mean_value, metric.weight = torch.tensor(6.0), torch.tensor(2.0)
    set_update_count(metric, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert metric.compute() == 3.0


def test_a_metric_without_a_count_warns():
    """If this no longer holds, there is nothing left to be set."""
    with pytest.warns(UserWarning, match="before the ``update``"):
        MeanMetric().compute()


def test_a_result_that_was_computed_before_is_computed_anew():
    metric = MeanMetric()
    metric.update(1.0)
    assert metric.compute() == 1.0
    metric.mean_value, metric.weight = torch.tensor(8.0), torch.tensor(2.0)
    set_update_count(metric, 2)
    assert metric.compute() == 4.0


def test_the_states_of_a_group_are_those_of_all_its_metrics_once_they_are_asked_for():
    """Of metrics of a group only the first is updated; `state_of` asks for all."""
    metrics = MetricCollection([BinaryPrecision(), BinaryRecall()])
    for _ in range(2):
        metrics.update(torch.tensor([0.9, 0.2, 0.8]), torch.tensor([1, 1, 0]))
    first, second = metrics.values(copy_state=False)
    assert first.update_count == second.update_count == 2
    assert first.metric_state.keys() == second.metric_state.keys() >= {"tp", "fp", "tn", "fn"}
    assert (second.tp.item(), second.fp.item(), second.fn.item()) == (2, 2, 2)


def test_the_place_in_a_window_decides_which_value_is_replaced():
    metric, other = RunningMean(window=2), RunningMean(window=2)
    for value in (1.0, 3.0, 5.0):
        metric.update(value)
    assert window_place(metric) == 3
    assert window_place(MeanMetric()) is None
    for value in (1.0, 3.0):
        other.update(value)
    set_window_place(other, 3)
    other.update(7.0)  # in the place of 3, the second
    assert other.compute() == 4.0
