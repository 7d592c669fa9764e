import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import lsq_linear

from leyden.analysis import timing
from leyden.analysis.cost import plan_rows
from leyden.analysis.step_times import Clock, Measured
from leyden.analysis.timing import Line, estimate_times, num_validations
from leyden.config.compose import compose_request
from leyden.config.request import Request
from leyden.errors import ConfigError, Problem
from leyden.events import ignore
from leyden.formatting import format_bytes, format_seconds, format_time_range
from leyden.planning import read_data as look
from leyden.planning import resolve as fit
from leyden.planning.cache import Cache
from leyden.planning.resolve import resolve_jobs

SIZES = ("params=1e4,3e4,1e5", "model.depth=1")


def sweep(*overrides):
    return compose_request(Request(overrides, multirun=True))


def timed(plan, measure, monkeypatch):
    """The plan's jobs, and their estimates by what `measure` says of them."""
    monkeypatch.setattr(timing, "measure", measure)
    cache = Cache()
    fitted = resolve_jobs(plan, cache=cache)
    return fitted, estimate_times(plan, fitted, [1] * len(fitted), cache, ignore)


def on_a_line(fitted, cache, observer):
    step = 1e-3 + 1e-10 * fitted.flops_per_step
    return Measured(fitted.flops_per_step, step, validation=0.1, test=0.2, start=0.5)


def slow(fitted, cache, observer):
    return Measured(fitted.flops_per_step, step=20.0, validation=0.1, test=0.2, start=0.5)


@given(
    intercept=st.floats(1e-5, 1),
    slope=st.floats(0, 1e-8),
    flops=st.lists(st.integers(10**5, 10**12), min_size=2, max_size=4, unique=True),
)
def test_the_line_through_exact_times_gives_them_back(intercept, slope, flops):
    line = Line.through([(count, intercept + slope * count) for count in flops])
    for count in flops:
        assert line(count) == pytest.approx(intercept + slope * count, rel=1e-6)
    assert line.error < 1e-6


@given(
    points=st.lists(
        st.tuples(st.integers(10**5, 10**12), st.floats(1e-5, 10)),
        min_size=2,
        max_size=4,
        unique_by=lambda point: point[0],
    )
)
def test_no_line_has_less_relative_error_and_none_gives_a_negative_time(points):
    x, y = (np.array(values, dtype=float) for values in zip(*points, strict=True))
    line = Line.through(points)
    bounded = lsq_linear(np.stack([1 / y, x / x.max() / y], axis=1), np.ones(len(y)), (0, np.inf))
    squares = sum((line(count) / seconds - 1) ** 2 for count, seconds in points)
    assert line.intercept >= 0
    assert line.slope >= 0
    assert squares <= 2 * bounded.cost + 1e-6


def test_the_time_of_a_job_is_that_of_its_steps_validations_test_and_start(monkeypatch):
    fitted, estimates = timed(sweep(*SIZES), on_a_line, monkeypatch)
    for one, estimate in zip(fitted, estimates, strict=True):
        steps = one.steps * (1e-3 + 1e-10 * one.flops_per_step)
        beside = timing.JOB_SECONDS + timing.checkpoint_seconds(one)
        assert estimate.likely == pytest.approx(steps + 20 * 0.1 + 0.2 + 0.5 + beside)
        assert estimate.low < estimate.likely < estimate.high


def test_where_larger_jobs_take_too_long_only_the_smallest_is_known(monkeypatch):
    monkeypatch.setattr(timing, "operations_a_second", lambda trainer: 1e3)
    fitted, (first, *others) = timed(sweep(*SIZES), slow, monkeypatch)
    assert first.likely == pytest.approx(440 * 20, rel=0.01)
    for one, estimate in zip(fitted[1:], others, strict=True):
        assert estimate.likely is None
        assert estimate.high > 440 * 20 * one.flops_per_step / fitted[0].flops_per_step
        assert estimate.low <= estimate.high


def test_a_plan_with_a_single_measured_size_says_so(monkeypatch, leyden):
    monkeypatch.setattr(timing, "operations_a_second", lambda trainer: 1e3)
    monkeypatch.setattr(timing, "measure", slow)
    result = leyden("plan", "-m", *SIZES)
    assert "for 2 jobs only a smaller model could be measured" in result.err
    found = json.loads(leyden("plan", "-m", *SIZES, "--json").out)
    assert [row["seconds"] is None for row in found] == [False, True, True]


def test_a_family_of_widely_different_sizes_is_climbed(monkeypatch):
    """None but the next larger job can be seen to be quick enough from the one before it."""
    monkeypatch.setattr(timing, "operations_a_second", lambda trainer: 1.0)
    asked = []

    def measure(fitted, cache, observer):
        asked.append(fitted.flops_per_step)
        return Measured(fitted.flops_per_step, 1.0, validation=0.1, test=0.1, start=0.1)

    fitted, estimates = timed(sweep("params=1e3,1e4,1e5,1e6"), measure, monkeypatch)
    assert asked == sorted(one.flops_per_step for one in fitted)
    assert all(estimate.likely is not None for estimate in estimates)


def test_a_time_is_not_known_where_the_smallest_job_can_not_be_measured(monkeypatch):
    asked = []
    _, estimates = timed(sweep(*SIZES), lambda one, cache, observer: asked.append(one), monkeypatch)
    assert estimates == [None] * 3
    assert len(asked) == 1


def test_a_step_takes_the_mean_after_the_first_without_the_longest_tenth():
    clock = Clock()
    clock.ends = dict(enumerate([100.0, *(101.0 + i for i in range(9)), 200.0]))
    assert clock.seconds == 1.0


@pytest.mark.parametrize(("first", "seconds"), [(99.5, None), (97.0, 3.0)])
def test_a_single_step_counts_only_where_its_warm_up_is_a_small_part_of_it(first, seconds):
    clock = Clock()
    clock.first, clock.ends = first, {1: 100.0}
    assert clock.seconds == seconds


@pytest.mark.parametrize(
    "words",
    [
        ("trainer.max_epochs=3",),
        ("trainer.max_epochs=4", "trainer.check_val_every_n_epoch=3"),
        ("trainer.max_epochs=2", "trainer.val_check_interval=0.5"),
        ("trainer.max_epochs=2", "trainer.val_check_interval=5"),
        ("trainer.max_steps=7",),
        ("trainer.max_steps=30",),
        ("trainer.max_steps=30", "trainer.val_check_interval=10"),
        (
            "trainer.max_steps=45",
            "trainer.val_check_interval=10",
            "trainer.check_val_every_n_epoch=null",
        ),
    ],
    ids=" ".join,
)
def test_a_run_has_as_many_validations_as_planned(words, leyden):
    plan = compose_request(Request(("model.width=8", "trainer.accelerator=cpu", *words)))
    (fitted,) = resolve_jobs(plan)
    folder = leyden("train", "model.width=8", "trainer.accelerator=cpu", *words).folder
    monitored = json.loads((folder / "run.json").read_text())["monitored"]
    assert num_validations(fitted) == len(monitored)


@pytest.mark.parametrize(
    "beside",
    [
        ("optimizer=schedule_free_adamw",),
        (
            "trainer.accumulate_grad_batches=2",
            "scheduler.warmup_steps=9",
            "scheduler.warmup_fraction=null",
        ),
        ("model.cell=gru", "data=sunspots", "trainer.precision=bf16-mixed"),
        ("data=stdlib_text", "data.context=8", "trainer.max_tokens=100000"),
        ("trainer.limit_train_batches=1", "trainer.val_check_interval=1"),
    ],
    ids=" ".join,
)
def test_a_real_step_is_measured(beside):
    (row,) = plan_rows(compose_request(Request(("model=rnn", *beside))), observer=ignore)
    assert row["seconds"] > 0


def test_measuring_leaves_threads_and_random_numbers_as_they_were():
    before = torch.get_num_threads(), torch.get_rng_state()
    plan_rows(sweep("model.width=8,16"), observer=ignore)
    assert before[0] == torch.get_num_threads()
    assert torch.equal(before[1], torch.get_rng_state())


def test_data_that_is_not_here_leaves_only_the_time_unknown():
    (row,) = plan_rows(compose_request(Request(("data=mnist",))), observer=ignore)
    assert row["seconds"] is None
    assert row["memory_bytes"] > 0


def test_a_job_is_named_by_what_sets_it_apart():
    rows = plan_rows(
        sweep("trainer=smoke", "optimizer=sgd,adamw", "model.width=8,16"), observer=ignore
    )
    assert [row["job"] for row in rows] == [
        "sgd model.width=8",
        "sgd model.width=16",
        "adamw model.width=8",
        "adamw model.width=16",
    ]


def test_jobs_that_share_their_data_read_it_once(monkeypatch):
    calls, build = [], look.build_data
    monkeypatch.setattr(look, "build_data", lambda cfg: calls.append(cfg) or build(cfg))
    resolve_jobs(sweep("model.width=8,16", "seed=0,1", "data.batch_size=32,64"))
    assert len(calls) == 2


def test_jobs_that_share_their_model_solve_its_width_once(monkeypatch):
    calls, solve = [], fit.solve_width
    monkeypatch.setattr(fit, "solve_width", lambda *of: calls.append(of) or solve(*of))
    resolve_jobs(sweep("params=1e4,3e4", "seed=0,1", "optimizer=sgd,adamw"))
    assert len(calls) == 2


def test_all_jobs_are_refused_whose_width_is_solved_once():
    with pytest.raises(ConfigError) as caught:
        resolve_jobs(sweep("params=10,1e4", "optimizer=sgd,adamw"))
    (problem,) = caught.value.problems
    assert problem.job == "in the job params=10 optimizer=sgd and 1 more"


def test_a_refusal_is_kept_like_a_result():
    calls, cache = [], Cache()

    def refuse():
        calls.append(1)
        raise ConfigError([Problem("key", "is wrong")])

    for _ in range(2):
        with pytest.raises(ConfigError, match="is wrong"):
            cache.get_or_compute(refuse, "source")
    assert len(calls) == 1


def test_the_last_line_of_the_table_has_the_sums(leyden):
    arguments = ("plan", "-m", "model.width=8,16", "trainer.max_steps=10")
    first, second = json.loads(leyden(*arguments, "--json").out)
    last = leyden(*arguments).out.splitlines()[-1]
    assert f"{first['flops']['total'] + second['flops']['total']:.3e}" in last


@pytest.mark.parametrize(
    ("launcher", "words"),
    [
        (("local",), "1 at a time"),
        (("stacked",), "1 at a time, if they are not stacked"),
        (("slurm", "hydra.launcher.cluster=local"), "64 at a time"),
        (("ray",), "one after the other"),
    ],
)
def test_a_plan_under_every_launcher_has_a_time(launcher, words, leyden):
    name, *more = launcher
    result = leyden("plan", "-m", "model.width=8,16", f"hydra/launcher={name}", *more)
    assert result.status == 0
    assert result.err.splitlines()[-1].startswith("2 jobs: about ")
    assert result.err.splitlines()[-1].endswith(words)


def test_how_long_all_jobs_take_together_is_said(leyden):
    assert "2 jobs: about" in leyden("plan", "-m", "model.width=8,16").err


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, "-"),
        (999, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (10**9, "1.0 GB"),
        (3e15, "3,000.0 TB"),
    ],
)
def test_bytes_are_shown_in_powers_of_a_thousand(count, text):
    assert format_bytes(count and int(count)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (4.14, "4.1 s"), (192, "3.2 min"), (18_000, "5.0 h"), (180_000, "2.1 d")],
)
def test_seconds_are_shown_in_the_largest_unit_that_they_fill(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        ([0.4, 0.9], "0.4-0.9 s"),
        ([7.14, 12.4], "7.1-12 s"),
        ([50, 72], "50 s-1.2 min"),
        ([7200, 7210], "2.0 h"),
        ([60, 3e9], "1.0 min-34,722 d"),
    ],
)
def test_a_range_of_seconds_has_two_digits_and_each_unit_once(seconds, text):
    assert format_time_range(seconds) == text
