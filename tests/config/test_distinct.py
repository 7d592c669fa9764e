"""Jobs of a sweep that come out the same are one job, and it is said."""

import json

import pytest

SAME = {
    "an option and its neighbour": ("model=mlp,mlp/small", 1, 1),
    "a value twice": ("seed=0,0,1", 2, 1),
    "spellings of a value": ("optimizer.lr=0.1,1e-1,0.10", 1, 1),
    "a whole number and a fraction": ("optimizer.weight_decay=0,0.0", 1, 1),
    "a null and what it stands for": ("trainer.accumulate_grad_batches=null,1", 1, 1),
    "sizes that the same width reaches": ("params=30000,30001,30002", 1, 2),
    "a key of the log alone": ("trainer.log_every_n_steps=10,1", 2, 0),
    "no two": ("seed=0,1,2", 3, 0),
}
"""An axis, its jobs, and the lines about those that are left out."""


@pytest.mark.parametrize(("axis", "count", "lines"), SAME.values(), ids=SAME)
def test_jobs_of_one_config_are_planned_once(axis, count, lines, leyden):
    result = leyden("plan", "-m", axis, "--json")
    assert result.status == 0, result.err
    assert len(json.loads(result.out)) == count
    assert result.err.count(": it runs once") == lines


def test_the_job_that_is_left_out_and_the_one_that_stays_are_named(leyden):
    result = leyden("plan", "-m", "model=mlp,mlp/small", "seed=0,1")
    for seed in ("0", "1"):
        line = f"model=mlp/small seed={seed} is the same job as model=mlp seed={seed}: it runs once"
        assert line in result.err.splitlines()


@pytest.mark.slow
def test_the_sweep_runs_it_once_and_again_does_nothing(leyden):
    words = ("-m", "model=mlp,mlp/small", "trainer=smoke", "sweep.report=false")
    result = leyden("train", *words)
    assert result.status == 0, result.err
    (job,) = json.loads((result.folder / "sweep.json").read_text())["jobs"]
    assert job["overrides"] == ["model=mlp"]
    assert "nothing to do" in leyden("train", *words).err
