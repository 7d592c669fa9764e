"""Runs and sweeps from Python: values and errors, and nothing on a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import leyden
from leyden.api.run import Run
from leyden.data import BatchIndices
from leyden.events import Note
from leyden.run.lock import process_mark
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


@pytest.fixture
def two_jobs():
    return leyden.sweep("optimizer=sgd,adamw", *FEW, "baselines=null", "sweep.report=false")


def test_a_sweep_is_a_table_with_the_metrics_of_its_runs(two_jobs):
    table = two_jobs.table()
    assert list(table["optimizer"]) == ["sgd", "adamw"]
    assert set(table["status"]) == {"completed"}
    for row, run in zip(table.to_dict("records"), two_jobs.runs(), strict=True):
        assert row["folder"] == str(run.folder)
        assert row["test/acc"] == run.metrics["test/acc"]
        assert row["val/loss"] == run.record.best["value"]
    again = leyden.load_sweep(two_jobs.folder)
    assert again.table().equals(table)
    assert (again.status, len(again.jobs)) == ("completed", 2)
    assert "<table" in again._repr_html_()


def test_the_best_run_of_a_sweep_has_the_least_objective(two_jobs):
    losses = {str(run.folder): run.record.best["value"] for run in two_jobs.runs()}
    assert losses[str(two_jobs.best().folder)] == min(losses.values())


def test_a_run_gives_its_curves_model_data_and_differences(two_jobs):
    run, other = two_jobs.runs()
    history = run.history()
    assert list(history["step"]) == sorted(set(history["step"]))
    assert history["val/loss"].min() == pytest.approx(run.record.best["value"])
    assert run.plot("val/loss")._repr_png_()[1:4] == b"PNG"
    inputs, labels = run.data().splits.test[BatchIndices(0, torch.arange(180))]
    with torch.no_grad():
        accuracy = (run.model()(inputs).argmax(-1) == labels).double().mean()
    assert float(accuracy) == pytest.approx(run.metrics["test/acc"])
    rows = run.diff(other).set_index("key")
    assert tuple(rows.loc["optimizer._target_"]) == (
        "config",
        "leyden.optim.sgd",
        "leyden.optim.adamw",
    )


def test_an_unknown_metric_is_an_error_with_its_suggestion(two_jobs):
    with pytest.raises(leyden.ConfigError, match="did you mean `val/loss`"):
        two_jobs.best().plot("val/los")


def test_a_run_whose_process_is_gone_has_crashed_in_python_too(two_jobs):
    record = leyden.load(two_jobs.best().folder).record
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    record.status, record.process = "running", {**process_mark(), "pid": ended.pid}
    assert Run(record).status == "crashed"


def test_a_folder_that_is_no_runs_is_an_error_that_says_so(tmp_path):
    with pytest.raises(leyden.ConfigError, match="is not a run's folder"):
        leyden.load(tmp_path)


def test_a_script_without_a_guard_runs_once_and_sweeps(tmp_path):
    (tmp_path / "script.py").write_text(
        "import leyden\n"
        "print('here')\n"
        "sweep = leyden.sweep('seed=1,2', 'trainer.max_steps=2', 'model.width=8',\n"
        "    'baselines=null', 'sweep.report=false')\n"
        "print(sweep.status, list(sweep.table()['seed']))\n"
    )
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "here\ncompleted ['1', '2']\n"
