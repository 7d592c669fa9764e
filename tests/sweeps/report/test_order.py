"""The levels of an axis in their natural order."""

import pytest

from leyden.sweeps.report.effects import is_line, level_means
from leyden.sweeps.report.order import ordered_levels
from leyden.sweeps.report.results import read_results


def order(folder, axis):
    return ordered_levels(read_results(folder), axis)


def with_sizes(job, sizes):
    return [
        job(f"model={name}", score=1.0, run={"params": {"total": size}})
        for name, size in sizes.items()
    ]


def test_sizes_of_a_model_stand_by_their_parameters(sweep, job):
    sizes = {"gpt/small": 10, "gpt/large": 1000, "gpt/medium": 100}
    expected = ["gpt/small", "gpt/medium", "gpt/large"]
    assert order(sweep(with_sizes(job, sizes)), "model") == expected


def test_models_stand_as_given_and_each_ones_sizes_together(sweep, job):
    sizes = {"rnn": 5, "gpt/large": 1000, "mlp/small": 1, "gpt/small": 10}
    expected = ["rnn", "gpt/small", "gpt/large", "mlp/small"]
    assert order(sweep(with_sizes(job, sizes)), "model") == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["1e-3", "1e-4", "0.01"], ["1e-4", "1e-3", "0.01"]),
        (["8", "16", "128"], ["8", "16", "128"]),
        (["sgd", "adamw", "muon"], ["sgd", "adamw", "muon"]),
        (["true", "1e-3", "1e-4"], ["true", "1e-3", "1e-4"]),
    ],
)
def test_numbers_stand_by_value_and_names_as_given(sweep, job, typed, expected):
    assert order(sweep([job(f"a={text}", score=1.0) for text in typed]), "a") == expected


def test_a_search_has_the_order_of_its_command_not_of_its_trials(sweep, job):
    jobs = [job(f"optimizer={name}", score=1.0) for name in ("muon", "sgd", "adamw")]
    folder = sweep(jobs, overrides=["optimizer=choice(sgd, adamw, muon)"])
    assert order(folder, "optimizer") == ["sgd", "adamw", "muon"]


def test_a_line_is_drawn_through_numbers_alone(sweep, job):
    jobs = [
        job(f"optimizer={name}", f"lr={lr}", score=1.0 + lr)
        for name in ("sgd", "adamw")
        for lr in (1, 2)
    ]
    means = level_means(read_results(sweep(jobs)))
    assert {axis: is_line(found) for axis, found in means.items()} == {
        "optimizer": False,
        "lr": True,
    }


def test_numbers_that_are_typed_in_two_ways_are_one_level(sweep, job):
    jobs = [job(f"lr={lr}", f"a={a}", score=1.0) for lr in ("1e-1", "0.1", "1") for a in (1, 2)]
    means = level_means(read_results(sweep(jobs)))["lr"]
    assert [(mean.name, len(mean.jobs)) for mean in means] == [("0.1", 4), ("1", 2)]
