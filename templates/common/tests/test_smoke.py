"""The experiments are valid, and the first one trains."""

from pathlib import Path

import pytest

import leyden

EXPERIMENTS = sorted((Path(__file__).parents[1] / "experiments").glob("*.yaml"))


def test_the_first_experiment_trains_two_steps(tmp_path):
    run = leyden.train("experiment=first", "trainer=smoke", f"run_dir={tmp_path / 'run'}")
    assert run.status == "completed"
    assert 0 <= run.metrics["test/acc"] <= 1


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_is_valid(file):
    assert leyden.compose(f"experiment={file.stem}").jobs
