"""MLflow by sqlite: what its own client lists of a run, a sweep, a killed and resumed run."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.loggers.offline_readers import QUICK, STEPS, killed, record_of, without_network

pytest.importorskip("mlflow")


@pytest.fixture(autouse=True)
def no_telemetry(monkeypatch):
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


def runs():
    """MLflow's client and the runs that it lists, by name."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{os.path.abspath('outputs/mlflow.db')}")
    ids = [one.experiment_id for one in client.search_experiments()]
    return client, sorted(client.search_runs(ids), key=lambda run: run.info.run_name)


def curve(client, run, name):
    return [point.step for point in client.get_metric_history(run.info.run_id, name)]


def test_a_run_gives_mlflow_its_parameters_its_curves_and_its_final_metrics(leyden):
    folder = leyden("train", "logger=mlflow", *QUICK, "optimizer.lr=0.03", "run_dir=run").folder
    client, (run,) = runs()
    assert (run.info.run_name, run.info.status) == ("run", "FINISHED")
    assert client.get_experiment(run.info.experiment_id).name == "mlp_digits"
    assert (run.data.params["lr"], run.data.params["model"]) == ("0.03", "mlp")
    assert run.data.params["config/model/width"] == "8"
    assert run.data.tags["leyden.folder"] == str(folder.absolute())
    assert curve(client, run, "train/loss") == list(range(STEPS))
    record = record_of(folder)
    for name, value in record["metrics"].items():
        if name.startswith(("test/", "val/")):
            assert run.data.metrics[name] == pytest.approx(value)
    assert run.data.metrics["best/val_loss"] == pytest.approx(record["best"]["value"])
    assert len((folder / "metrics.csv").read_text().splitlines()) == STEPS + 2


@pytest.mark.slow
def test_the_jobs_of_a_sweep_are_found_by_the_group_of_its_folder(leyden):
    words = ("logger=mlflow", *QUICK, "optimizer.lr=0.01,0.03", "run_dir=sweep")
    assert leyden("train", "-m", *words).status == 0
    client, both = runs()
    (experiment,) = {run.info.experiment_id for run in both}
    found = client.search_runs([experiment], "tags.`leyden.group` = 'sweep'")
    assert sorted(run.data.params["lr"] for run in found) == ["0.01", "0.03"]
    assert {run.info.status for run in found} == {"FINISHED"}


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 22], ids=["before a checkpoint", "at the end"])
def test_a_killed_and_resumed_run_is_one_run_with_each_step_once(step, leyden, warm):
    words = ("logger=mlflow", *QUICK, "resume.every_steps=6", "run_dir=run")
    killed(warm, *words, step=step)
    client, (before,) = runs()
    client.set_tag(before.info.run_id, "said", "by the user")
    folder = leyden("train", *words).folder
    client, (run,) = runs()
    assert curve(client, run, "train/loss") == list(range(STEPS))
    for name in run.data.metrics:
        assert max(Counter(curve(client, run, name)).values()) == 1, name
    record = record_of(folder)
    assert run.data.metrics["test/loss"] == pytest.approx(record["metrics"]["test/loss"])
    assert run.data.params["lr"] == "0.02"
    if step > 6:
        assert run.data.tags["said"] == "by the user"


@pytest.mark.slow
def test_a_run_that_is_made_longer_has_the_parameters_of_its_last_part(leyden):
    folder = leyden("train", "logger=mlflow", *QUICK, "run_dir=run").folder
    assert leyden("resume", str(folder), "trainer.max_epochs=2").status == 0
    client, (run,) = runs()
    assert curve(client, run, "train/loss") == list(range(2 * STEPS))
    assert curve(client, run, "test/loss") == [2 * STEPS]
    assert run.data.params["config/trainer/max_epochs"] == "2"


@pytest.mark.slow
def test_a_run_with_a_data_base_needs_no_network():
    done = without_network("logger=mlflow", *QUICK, "run_dir=run")
    if done is None:
        pytest.skip("no network namespaces here")
    assert done.returncode == 0, done.stderr
    assert "mlflow" not in done.stderr.lower()
    client, (run,) = runs()
    assert curve(client, run, "train/loss") == list(range(STEPS))


def test_a_secret_of_the_environment_reaches_neither_data_base_nor_files(leyden, monkeypatch):
    monkeypatch.setenv("SECRET", "hush-hush-hush")
    words = ("logger=[wandb,mlflow]", *QUICK, "trainer.max_steps=2", "run_dir=run")
    words = (*words, "logger.wandb.group=${oc.env:SECRET}", "logger.mlflow.tags={a: b}")
    assert leyden("train", *words).status == 0
    _, (run,) = runs()
    assert run.data.params["config/logger/wandb/group"] == "${oc.env:SECRET}"
    assert run.data.tags["a"] == "b"
    assert b"hush-hush-hush" not in Path("outputs/mlflow.db").read_bytes()


@pytest.mark.parametrize("uri", ["sqlite:////tmp/other.db", "file:///tmp/runs"])
def test_a_config_can_name_no_data_base_of_its_own(uri, leyden, tmp_path):
    done = leyden(
        "train", "logger=mlflow", *QUICK, f"logger.mlflow.tracking_uri={uri}", "run_dir=r"
    )
    assert done.status == 2
    assert "must be an address that begins with https:// or http://" in done.err.replace("\n", " ")
    assert not (tmp_path / "r").exists()


def test_without_mlflow_one_line_names_the_extra(leyden, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    done = leyden("train", "logger=mlflow", *QUICK, "run_dir=run")
    assert done.status == 2
    assert "needs the extra `mlflow`: pip install 'leyden[mlflow]'" in done.err
    assert not Path("run").exists()
    assert not Path("outputs").exists()
