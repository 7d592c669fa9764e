"""Runs and sweeps from Python: values and errors, and nothing on a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest

import leyden
from leyden.events import Note
from leyden.training.events import RunEnded, RunStarted

FEW = ("model.width=8", "trainer.max_steps=3", "callbacks.predictions=null", "callbacks.graph=null")


def test_a_run_is_returned_with_its_metrics_and_its_config(capfd):
    run = leyden.train(*FEW, "seed=3")
    assert run.status == "completed"
    assert 0 <= run.metrics["test/acc"] <= 1
    assert (run.config.seed, run.config.model.width) == (3, 8)
    assert leyden.load(run.folder).metrics == run.metrics
    assert list(leyden.runs()["status"]) == ["completed"]
    assert capfd.readouterr() == ("", "")


def test_a_script_without_a_guard_trains_in_an_empty_folder(tmp_path):
    code = "import leyden; leyden.train('trainer.max_steps=2', 'model.width=8')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert len(list(tmp_path.glob("outputs/*/*/run.json"))) == 1


def test_a_wrong_request_is_an_error_with_all_its_problems_and_writes_nothing():
    with pytest.raises(leyden.ConfigError) as raised:
        leyden.train("model.widht=8", "optimizer.lr=-1")
    assert [problem.key for problem in raised.value.problems] == ["model.widht", "optimizer.lr"]
    assert not Path("outputs").exists()


def test_a_run_that_diverges_raises():
    with pytest.raises(leyden.Diverged, match=r"optimizer\.lr"):
        leyden.train(*FEW, "optimizer=sgd", "optimizer.lr=1e30")


def test_an_observer_is_told_what_happens():
    events = []
    leyden.train(*FEW, observer=events.append)
    kinds = [type(event) for event in events]
    assert kinds[0] is RunStarted
    assert kinds[-1] is RunEnded
    assert events[-1].record.status == "completed"


def test_a_plan_is_a_row_for_each_job_and_runs_nothing():
    rows = leyden.plan("model.width=8,16", *FEW[1:], multirun=True)
    assert [row["width"] for row in rows] == [8, 16]
    assert not Path("outputs").exists()


def test_a_sweep_is_its_record(capfd):
    record = leyden.sweep("seed=1,2", *FEW)
    assert [entry.state for entry in record.jobs] == ["completed", "completed"]
    assert (record.folder / "report" / "report.html").is_file()
    assert capfd.readouterr() == ("", "")


def test_a_sweep_is_not_trained_as_a_run():
    with pytest.raises(leyden.ConfigError, match=r"leyden\.sweep"):
        leyden.train("seed=1,2", *FEW, multirun=True)


def test_notes_go_to_pythons_logging(caplog):
    with caplog.at_level("INFO", logger="leyden"):
        leyden.events.log_notes(Note("said"))
    assert caplog.messages == ["said"]


def test_the_package_is_imported_at_once():
    code = "import sys, leyden; print('torch' in sys.modules, 'hydra' in sys.modules, dir(leyden))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False False")
    assert "'train'" in done.stdout
