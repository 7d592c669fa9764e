"""The number by which jobs are compared."""

import pytest

from leyden.sweeps.objective import objective_value
from leyden.sweeps.record import Objective

RUN = {
    "params": {"total": 12},
    "flops": {"per_step": 3, "total": 30},
    "train_seconds": 1.5,
    "best": {"metric": "val/loss"},
    "metrics": {"val/loss": 0.5, "test/acc": 0.9},
    "monitored": [(1, 0.8), (2, 0.2), (3, 0.4), (4, 0.5)],
}


@pytest.mark.parametrize(
    ("mode", "reduce", "expected"),
    [
        ("min", "best", 0.2),
        ("max", "best", 0.8),
        ("min", "last", 0.5),
        ("min", 2, (0.4 + 0.5) / 2),
        ("min", 9, (0.8 + 0.2 + 0.4 + 0.5) / 4),
    ],
)
def test_validations_are_reduced_as_asked(mode, reduce, expected):
    value = objective_value(Objective("val/loss", mode, reduce), RUN)
    assert value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("params", 12.0), ("flops", 30.0), ("seconds", 1.5), ("test/acc", 0.9), ("val/f1", None)],
)
def test_costs_and_other_metrics_are_objectives_too(metric, expected):
    assert objective_value(Objective(metric, "min"), RUN) == expected


def test_a_run_without_a_validation_has_no_objective():
    nothing = {**RUN, "monitored": [], "metrics": {}, "best": {"metric": None}}
    assert objective_value(Objective("val/loss", "min"), nothing) is None
