"""The best configuration of a sweep, as its last words name it."""

from pathlib import Path

import pytest

from leyden.cli.sweep_summary import best_lines
from leyden.sweeps.objective import best_configuration, best_pruned
from leyden.sweeps.record import JobEntry, Objective, SweepRecord


def sweep(*jobs, mode="min", repeated=("seed",)):
    """A record of jobs, each by its overrides, its state and its value."""
    entries = [
        JobEntry(words.split(), state=state, objective=[value]) for words, state, value in jobs
    ]
    return SweepRecord(
        folder=Path("sweep"),
        name="sweep",
        experiment=None,
        command=[],
        overrides=[],
        axes=["model", "seed"],
        repeated=list(repeated),
        objectives=[Objective("val/loss", mode)],
        launcher="local",
        jobs=entries,
    )


SEEDS = [
    ("model=mlp seed=0", "completed", 1.0),
    ("model=mlp seed=1", "completed", 3.0),
    ("model=cnn seed=0", "completed", 0.5),
    ("model=cnn seed=1", "completed", 5.5),
]


def test_the_best_configuration_is_that_of_the_best_mean_not_of_the_best_seed():
    # mean 2, t(0.975, 1) = 12.706, standard error 1
    assert best_lines(sweep(*SEEDS)) == [
        "best  model=mlp: val/loss 2 ± 13 (mean and 95 % interval of 2 jobs)"
    ]


@pytest.mark.parametrize(("mode", "expected"), [("min", "model=mlp"), ("max", "model=cnn")])
def test_the_mode_says_which_mean_is_better(mode, expected):
    assert best_configuration(sweep(*SEEDS, mode=mode)).overrides == [expected]


def test_jobs_that_did_not_complete_are_counted_beside_the_mean():
    jobs = [*SEEDS[:2], ("model=mlp seed=2", "failed", 0.1)]
    (line,) = best_lines(sweep(*jobs))
    assert line.endswith("(mean and 95 % interval of 2 jobs, 1 more not completed)")


def test_without_repeats_there_is_no_interval():
    (line,) = best_lines(sweep(("lr=0.1", "completed", 1.0), ("lr=1", "completed", 2.0)))
    assert line == "best  lr=0.1: val/loss 1 (one job)"


def test_a_pruned_job_with_a_better_value_is_named_too():
    jobs = [("lr=0.1", "completed", 1.0), ("lr=1", "pruned", 0.5), ("lr=2", "pruned", 0.7)]
    _, line = best_lines(sweep(*jobs))
    assert line == "lr=1 had val/loss 0.5 when it was pruned; it was not trained to its end"
    assert len(best_lines(sweep(jobs[0], ("lr=1", "pruned", 1.5)))) == 1


def test_where_nothing_has_a_value_nothing_is_best():
    record = sweep(("lr=1", "completed", None), ("lr=2", "diverged", 0.1))
    assert (best_configuration(record), best_pruned(record)) == (None, None)
    assert best_lines(record) == []
