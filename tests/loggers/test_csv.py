"""`metrics.csv`."""

import csv
import io
import logging
import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.loggers import CSV


def rows_of(folder):
    with (folder / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_the_metrics_of_a_step_share_a_row(tmp_path):
    logger = CSV(tmp_path)
    logger.log_metrics({"a": 1.0}, step=0)
    logger.log_metrics({"b": 2.0}, step=0)
    logger.finalize("success")
    assert rows_of(tmp_path) == [{"step": "0", "a": "1.0", "b": "2.0"}]


def test_a_new_metric_widens_the_table(tmp_path):
    logger = CSV(tmp_path)
    logger.log_metrics({"a": 1.0}, step=0)
    logger.log_metrics({"b": 2.0}, step=1)
    logger.finalize("success")
    assert rows_of(tmp_path) == [
        {"step": "0", "a": "1.0", "b": ""},
        {"step": "1", "a": "", "b": "2.0"},
    ]


def steps_in(folder):
    return [int(row["step"]) for row in rows_of(folder)]


def table_of(folder, num_rows):
    logger = CSV(folder)
    for step in range(num_rows):
        logger.log_metrics({"a": float(step)}, step=step)
    logger.finalize("success")


class Killed(Exception):
    """A process is gone; nothing that it would have cleaned up is."""


def every_moment(folder, monkeypatch, act):
    """Yields after `act` was ended at its first, second, ... file operation, until it is whole."""
    for number in count(1):
        moments = iter(range(1, number + 1))

        def fails_at(original, moments=moments, number=number):
            def call(*arguments, **options):
                if next(moments, None) == number:
                    raise Killed
                return original(*arguments, **options)

            return call

        with monkeypatch.context() as patched:
            for name in ("replace", "fsync", "unlink", "truncate", "open"):
                patched.setattr(f"os.{name}", fails_at(getattr(os, name)))
            patched.setattr("io.open", fails_at(io.open))
            try:
                act()
            except Killed:
                yield
            else:
                return


def test_a_resume_that_is_killed_at_any_moment_keeps_the_rows_before_it(tmp_path, monkeypatch):
    table_of(tmp_path, 40)
    for _ in every_moment(tmp_path, monkeypatch, lambda: CSV(tmp_path).resume_from(30)):
        assert steps_in(tmp_path) in (list(range(40)), list(range(30)))
    assert steps_in(tmp_path) == list(range(30))


@pytest.mark.parametrize("metric", ["a", "new"])
def test_a_row_that_is_written_again_is_lost_at_no_moment(metric, tmp_path, monkeypatch):
    """It stands in the file since a checkpoint was saved; then more is logged for its step."""
    table_of(tmp_path, 5)
    logger = CSV(tmp_path)
    logger.resume_from(5)
    logger.log_metrics({"a": 5.0}, step=5)
    logger.keep()
    logger.log_metrics({metric: 6.0}, step=5)
    for _ in every_moment(tmp_path, monkeypatch, logger.keep):
        assert steps_in(tmp_path) == list(range(6))
    assert rows_of(tmp_path)[-1][metric] == "6.0"


@given(data=st.data())
@settings(max_examples=60)
def test_of_a_table_that_was_cut_anywhere_the_whole_rows_are_kept(data):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.csv"
        table_of(Path(folder), 12)
        content = path.read_bytes()
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
        num_whole = max(0, path.read_bytes().count(b"\n") - 1)
        CSV(Path(folder)).resume_from(12)
        assert steps_in(Path(folder)) == list(range(num_whole))


def test_lines_that_are_no_rows_are_left_out_with_a_word(tmp_path, caplog):
    table_of(tmp_path, 3)
    with (tmp_path / "metrics.csv").open("ab") as file:
        file.write(b"\0\0\0\n3,3.0,7\r\n4")
    with caplog.at_level(logging.WARNING, "leyden"):
        CSV(tmp_path).resume_from(9)
    assert steps_in(tmp_path) == [0, 1, 2]
    assert "left out: 3" in caplog.text


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "-x", "'=quoted", "+a", "a=b"])
def test_a_metric_whose_name_a_spreadsheet_would_compute_keeps_it_when_a_run_goes_on(
    tmp_path, name
):
    logger = CSV(tmp_path)
    for step in range(3):
        logger.log_metrics({name: -1.5}, step)
    logger.keep()
    header = (tmp_path / "metrics.csv").read_text().splitlines()[0]
    assert header == f"step,{name if name == 'a=b' else chr(39) + name}"
    again = CSV(tmp_path)
    again.resume_from(2)
    again.log_metrics({name: 2.5}, 2)
    again.keep()
    assert again.columns == ["step", name]
    assert len((tmp_path / "metrics.csv").read_text().splitlines()) == 4
