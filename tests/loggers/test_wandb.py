"""Weights & Biases, offline: what its files have of a run, a sweep, a killed and resumed run."""

import sys
from pathlib import Path

import pytest

from tests.loggers.offline_readers import (
    QUICK,
    STEPS,
    killed,
    record_of,
    segments,
    steps,
    twice,
    without_network,
)

pytest.importorskip("wandb")

from leyden.compat.wandb import file_of, read_records


def test_a_run_gives_wandb_its_config_its_curves_and_its_final_metrics(leyden):
    folder = leyden("train", "logger=wandb", *QUICK, "optimizer.lr=0.03", "run_dir=run").folder
    (part,) = segments(folder)
    assert (part.project, part.group, part.name, part.is_ended) == ("leyden", "run", "run", True)
    assert (part.config["lr"], part.config["model"]) == (0.03, "mlp")
    assert part.config["config"]["model"]["width"] == 8
    assert steps(part.points, "train/loss") == list(range(STEPS))
    assert twice(part.points) == []
    record = record_of(folder)
    for name, value in record["metrics"].items():
        if name.startswith(("test/", "val/")):
            assert part.summary[name] == pytest.approx(value)
    assert part.summary["best/val_loss"] == pytest.approx(record["best"]["value"])
    assert len((folder / "metrics.csv").read_text().splitlines()) == STEPS + 2


@pytest.mark.parametrize("words", ["logger=[tensorboard,wandb]", "experiment=both"])
def test_several_loggers_are_chosen_by_a_list(words, leyden, tmp_path):
    (tmp_path / "own" / "experiment").mkdir(parents=True)
    (tmp_path / "own" / "experiment" / "both.yaml").write_text(
        "# @package _global_\ndefaults:\n  - override /logger: [tensorboard, wandb]\n"
    )
    words = ("--config-dir", str(tmp_path / "own"), words, *QUICK, "trainer.max_steps=3")
    folder = leyden("train", *words, "run_dir=run").folder
    assert len(segments(folder)) == 1
    assert len([*folder.glob("events.out.*")]) == 1
    assert (folder / "metrics.csv").is_file()


@pytest.mark.slow
def test_the_jobs_of_a_sweep_share_the_group_of_its_folder(leyden):
    words = ("logger=wandb", *QUICK, "optimizer.lr=0.01,0.03", "run_dir=sweep")
    assert leyden("train", "-m", *words).status == 0
    parts = [
        part
        for folder in sorted(path.parent for path in Path("sweep").glob("*/run.json"))
        for part in segments(folder)
    ]
    assert [part.group for part in parts] == ["sweep", "sweep"]
    assert [part.config["lr"] for part in parts] == [0.01, 0.03]
    assert len({part.name for part in parts}) == 2


@pytest.mark.slow
@pytest.mark.parametrize("step", [4, 22], ids=["before a checkpoint", "at the end"])
def test_a_killed_run_goes_on_in_a_second_part_and_has_each_step_once(step, leyden, warm):
    words = ("logger=wandb", *QUICK, "resume.every_steps=6", "run_dir=run")
    killed(warm, *words, step=step)
    done = leyden("train", *words)
    assert done.status == 0
    parts = segments(done.folder)
    points = [point for part in parts for point in part.points]
    assert steps(points, "train/loss") == list(range(STEPS))
    assert twice(points) == []
    assert {part.group for part in parts} == {"run"}
    record = record_of(done.folder)
    assert parts[-1].summary["test/loss"] == pytest.approx(record["metrics"]["test/loss"])
    if step > 6:
        assert [part.name for part in parts] == ["run", "run (2)"]
        assert parts[1].config["run"]["first_step"] == 6 * ((step - 1) // 6)


@pytest.mark.slow
def test_a_run_that_was_stopped_by_an_error_has_each_step_once_when_it_goes_on(leyden, monkeypatch):
    words = ("logger=wandb", *QUICK, "resume.every_steps=6", "run_dir=run")
    monkeypatch.setenv("LEYDEN_FAULT", "nan@step:16")
    assert leyden("train", *words).status == 4
    monkeypatch.delenv("LEYDEN_FAULT")
    folder = leyden("train", *words).folder
    first, second = segments(folder)
    assert steps(first.points, "train/loss") == list(range(12))
    assert steps(second.points, "train/loss") == list(range(12, STEPS))
    assert first.summary["trainer/global_step"] == 11


@pytest.mark.slow
def test_an_offline_run_needs_no_network_and_keeps_no_secret(monkeypatch):
    secrets = {"WANDB_API_KEY": "0123456789abcdef" * 2 + "01234567", "SECRET": "hush-hush-hush"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    done = without_network(
        "logger=[wandb,mlflow]", *QUICK, "logger.mlflow.tags={a: ${oc.env:SECRET}}", "run_dir=r"
    )
    if done is None:
        pytest.skip("no network namespaces here")
    assert done.returncode == 0, done.stderr
    (part,) = segments("r")
    assert part.is_ended
    assert part.config["config"]["logger"]["mlflow"]["tags"]["a"] == "${oc.env:SECRET}"
    files = [path for path in Path("r").rglob("*") if path.is_file()]
    assert len(files) > 10
    for value in secrets.values():
        assert not [path for path in files if value.encode() in path.read_bytes()]


def test_without_wandb_one_line_names_the_extra(leyden, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "wandb", None)
    done = leyden("train", "logger=wandb", *QUICK, "run_dir=run")
    assert done.status == 2
    assert "needs the extra `wandb`: pip install 'leyden[wandb]'" in done.err
    assert not (tmp_path / "run").exists()


def test_records_that_are_longer_than_a_block_are_written_as_they_were_read():
    records = [b"a" * length for length in (0, 1, 32754, 32761, 32768, 100_000, 7)]
    assert list(read_records(file_of(records))) == records


def test_a_file_that_is_cut_is_read_up_to_there():
    content = file_of([b"first", b"second" * 10_000])
    assert list(read_records(content[:-1])) == [b"first"]
