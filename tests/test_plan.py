import json

import pytest
import torch

from leyden.config import fit, look
from leyden.config.compose import compose_plan
from leyden.config.fit import Memo, fit_plan
from leyden.config.problem import ConfigError, Problem
from leyden.config.request import Request
from leyden.plan import plan_rows, timing
from leyden.plan.timing import Clock, time_steps
from leyden.terminal import format_bytes, format_seconds

SIZES = ("params=1e4,3e4,1e5", "model.depth=1")


def sweep(*overrides):
    return compose_plan(Request(overrides, multirun=True))


def timed(plan, measure, monkeypatch):
    monkeypatch.setattr(timing, "measure", measure)
    memo = Memo()
    fitted = fit_plan(plan, memo=memo)
    return [one.flops_per_step for one in fitted], time_steps(plan, fitted, [1] * 3, memo)


def test_times_lie_on_the_line_through_the_smallest_and_the_largest_job(monkeypatch):
    def measure(fitted, memo):
        return 1e-3 + 1e-10 * fitted.flops_per_step

    flops, seconds = timed(sweep(*SIZES), measure, monkeypatch)
    assert seconds == pytest.approx([1e-3 + 1e-10 * count for count in flops])


def test_times_grow_with_the_operations_where_the_largest_job_takes_too_long(monkeypatch):
    flops, seconds = timed(sweep(*SIZES), lambda fitted, memo: 1.0, monkeypatch)
    assert seconds == pytest.approx([count / flops[0] for count in flops])


def test_a_time_is_not_known_where_the_smallest_job_can_not_be_measured(monkeypatch):
    assert timed(sweep(*SIZES), lambda fitted, memo: None, monkeypatch)[1] == [None] * 3


def test_a_step_takes_the_median_after_the_first():
    clock = Clock()
    clock.ends = {1: 100.0, 2: 101.0, 3: 109.0, 4: 111.0}  # 1, 8 and 2 seconds
    assert clock.seconds == 2.0


def test_a_single_step_has_no_time_without_its_warm_up():
    clock = Clock()
    clock.ends = {1: 100.0}
    assert clock.seconds is None


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
    (row,) = plan_rows(compose_plan(Request(("model=rnn", *beside))))
    assert row["seconds"] > 0


def test_measuring_leaves_threads_and_random_numbers_as_they_were():
    before = torch.get_num_threads(), torch.get_rng_state()
    plan_rows(sweep("model.width=8,16"))
    assert before[0] == torch.get_num_threads()
    assert torch.equal(before[1], torch.get_rng_state())


def test_data_that_is_not_here_leaves_only_the_time_unknown():
    (row,) = plan_rows(compose_plan(Request(("data=mnist",))))
    assert row["seconds"] is None
    assert row["memory_bytes"] > 0


def test_a_job_is_named_by_what_sets_it_apart():
    rows = plan_rows(sweep("trainer=smoke", "optimizer=sgd,adamw", "model.width=8,16"))
    assert [row["job"] for row in rows] == [
        "sgd model.width=8",
        "sgd model.width=16",
        "adamw model.width=8",
        "adamw model.width=16",
    ]


def test_jobs_that_share_their_data_read_it_once(monkeypatch):
    calls, build = [], look.build_data
    monkeypatch.setattr(look, "build_data", lambda cfg: calls.append(cfg) or build(cfg))
    fit_plan(sweep("model.width=8,16", "seed=0,1", "data.batch_size=32,64"))
    assert len(calls) == 2


def test_jobs_that_share_their_model_solve_its_width_once(monkeypatch):
    calls, solve = [], fit.solve_width
    monkeypatch.setattr(fit, "solve_width", lambda *of: calls.append(of) or solve(*of))
    fit_plan(sweep("params=1e4,3e4", "seed=0,1", "optimizer=sgd,adamw"))
    assert len(calls) == 2


def test_all_jobs_are_refused_whose_width_is_solved_once():
    with pytest.raises(ConfigError) as caught:
        fit_plan(sweep("params=10,1e4", "optimizer=sgd,adamw"))
    (problem,) = caught.value.problems
    assert problem.job == "in the job params=10 optimizer=sgd and 1 more"


def test_a_refusal_is_kept_like_a_result():
    calls, memo = [], Memo()

    def refuse():
        calls.append(1)
        raise ConfigError([Problem("key", "is wrong")])

    for _ in range(2):
        with pytest.raises(ConfigError, match="is wrong"):
            memo.once(refuse, "source")
    assert len(calls) == 1


def test_the_last_line_of_the_table_has_the_sums(leyden):
    arguments = ("plan", "-m", "model.width=8,16", "trainer.max_steps=10")
    first, second = json.loads(leyden(*arguments, "--json").out)
    last = leyden(*arguments).out.splitlines()[-1]
    assert f"{first['flops']['total'] + second['flops']['total']:.3e}" in last


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
