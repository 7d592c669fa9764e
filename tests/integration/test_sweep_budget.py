"""A sweep by the clock."""

import json
from collections import Counter

import pytest

SHORT = ("model.width=8,16,32,64", "trainer.max_epochs=1", "callbacks.graph=null")
QUIET = ("callbacks.predictions=null", "baselines=null", "sweep.report=false")
WORDS = ("train", "-m", *SHORT, *QUIET, "sweep.repeat.seed=2")


def jobs_of(result):
    return json.loads((result.folder / "sweep.json").read_text())["jobs"]


@pytest.mark.slow
def test_time_that_is_left_goes_to_further_seeds_of_the_leaders(leyden):
    result = leyden(*WORDS, "sweep.budget=50s")
    assert result.status == 0, result.err
    jobs = jobs_of(result)
    assert len(jobs) > 8
    assert {job["state"] for job in jobs} == {"completed"}
    counts = Counter(job["overrides"][0] for job in jobs)
    assert counts["model.width=8"] == 2  # the worst
    assert counts["model.width=64"] > 2
    assert len({tuple(job["overrides"]) for job in jobs}) == len(jobs)


def test_a_sweep_without_enough_time_leaves_jobs_for_the_same_command(leyden):
    result = leyden(*WORDS, "sweep.budget=1s")
    assert result.status == 75
    assert "sweep.budget is spent; jobs left:" in result.err
    states = Counter(job["state"] for job in jobs_of(result))
    assert states["pending"] > 0
    again = leyden(*WORDS)
    assert again.status == 0
    assert again.folder == result.folder
    assert {job["state"] for job in jobs_of(again)} == {"completed"}


@pytest.mark.parametrize("text", ["5", "0s", "-1h", "soon", "2 weeks"])
def test_a_budget_that_is_no_time_is_refused(text, leyden, tmp_path):
    result = leyden(*WORDS, f"sweep.budget='{text}'")
    assert result.status == 2
    assert "must be a time such as" in result.err
    assert not (tmp_path / "outputs").exists()
