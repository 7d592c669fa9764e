"""The record is honest and never half written."""

import json
import math
import os

import pytest
import torch

from leyden.errors import Diverged, Interrupted
from leyden.files.atomic import write_atomically
from leyden.run.lock import is_alive, process_mark
from leyden.run.record import Record


@pytest.fixture
def record(tmp_path):
    return Record(
        folder=tmp_path,
        experiment=None,
        overrides=[],
        choices={},
        config_digest="",
        seed=0,
        command=[],
        params={"total": 1},
        flops={"per_step": None, "total": None},
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Diverged("nan"), "diverged"),
        (Interrupted("SIGINT"), "interrupted"),
        (KeyboardInterrupt(), "interrupted"),
        (torch.OutOfMemoryError("CUDA out of memory."), "oom"),
        (MemoryError(), "oom"),
        (RuntimeError("x"), "failed"),
        (SystemExit(0), "failed"),
    ],
)
def test_each_end_has_its_status(record, error, status):
    with pytest.raises(type(error)), record.running():
        raise error
    assert json.loads((record.folder / "run.json").read_text())["status"] == status


def test_a_run_that_ends_well_is_completed(record):
    with record.running():
        assert Record.read(record.folder).status == "running"
    assert Record.read(record.folder).status == "completed"


def test_what_is_no_number_is_null(record):
    record.metrics = {"loss": math.nan, "rate": math.inf}
    record.write()
    assert json.loads((record.folder / "run.json").read_text())["metrics"] == {
        "loss": None,
        "rate": None,
    }


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    write_atomically(tmp_path / "file", "old")

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "file", "new")
    assert (tmp_path / "file").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_this_process_is_alive():
    assert is_alive(process_mark())


def test_a_process_with_a_reused_number_is_another_one():
    mark = process_mark()
    assert not is_alive({**mark, "started": mark["started"] - 1})
