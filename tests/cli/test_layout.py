"""Tables on terminals of any width, and in pipes."""

import fcntl
import json
import os
import pty
import re
import struct
import termios
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from leyden.cli.layout import Column, cut, lay_out, shortened
from leyden.cli.sweep_progress import job_line
from leyden.run.listing import last_logged
from leyden.run.lock import process_mark
from leyden.sweeps.record import JobEntry

TEXT = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=60)
COLUMNS = [
    Column("run"),
    Column("status"),
    Column("seconds", is_number=True, place=0),
    Column("best", place=1),
    Column("typed", place=2, is_cut=True),
]


def rows_of(names, cells):
    return [[name, *cells[:2], f"{place}", cells[3]] for place, name in enumerate(names)]


@given(
    names=st.lists(TEXT.filter(bool), min_size=1, max_size=8, unique=True),
    cells=st.lists(TEXT, min_size=4, max_size=4),
    width=st.integers(20, 200),
)
def test_no_line_is_longer_than_the_terminal(names, cells, width):
    layout = lay_out(COLUMNS, rows_of(names, cells), width=width)
    assert max(map(cell_len, layout.lines)) <= width
    assert len(layout.lines) == len(names) + 1


@given(
    names=st.lists(TEXT.filter(bool), min_size=2, max_size=12, unique=True),
    width=st.integers(8, 60),
)
def test_different_names_stay_different_within_any_width(names, width):
    found = shortened(names, width)
    assert len(set(found)) == len(names)
    assert max(map(cell_len, found)) <= width


@given(
    names=st.lists(TEXT.filter(bool), min_size=1, max_size=8, unique=True),
    cells=st.lists(TEXT, min_size=4, max_size=4),
)
def test_a_pipe_gets_every_cell_whole(names, cells):
    layout = lay_out(COLUMNS, rows_of(names, cells), width=None)
    assert (layout.same, layout.left_out) == ({}, [])
    for row, line in zip(rows_of(names, cells), layout.lines[1:], strict=True):
        assert all(cell in line for cell in row)


def test_columns_in_which_rows_are_alike_go_first_then_those_of_a_low_place():
    rows = [[f"a-name-of-some-length-{n}", "completed", str(n), "0.1", f"x={n}"] for n in range(3)]
    wide, less, narrow = (lay_out(COLUMNS, rows, width=width) for width in (80, 45, 26))
    assert "completed" in wide.lines[1]
    assert less.same == {"status": "completed", "best": "0.1"}
    assert less.left_out == []
    assert narrow.left_out == ["seconds", "typed"]
    assert [line.split()[0] for line in narrow.lines[1:]] == [row[0] for row in rows]


def test_the_end_of_a_name_stays_since_it_differs():
    assert shortened(["sweep/a-long-name-1234", "sweep/a-long-name-5678"], 13) == [
        "sweep/…e-1234",
        "sweep/…e-5678",
    ]


@pytest.mark.parametrize(("width", "text"), [(5, "a lo…"), (40, "a long text"), (1, "…")])
def test_a_cut_says_that_something_is_missing(width, text):
    assert cut("a long text", width) == text


@given(
    name=TEXT.filter(bool), message=TEXT, width=st.integers(60, 200), state=st.sampled_from("cf")
)
def test_the_line_of_a_job_fits_and_its_state_is_in_it(name, message, width, state):
    state = {"c": "completed", "f": "failed"}[state]
    entry = JobEntry([], folder=name, state=state, objective=[0.1], seconds=1.0)
    if state == "failed":
        entry.failure, entry.error = "code", {"type": "ValueError", "message": message}
    line = job_line(entry, "val/loss", count="12/345", width=width)
    assert cell_len(line) <= width
    assert state in line


def test_the_last_logged_step_of_a_run_is_that_of_its_last_whole_row(tmp_path):
    assert last_logged(tmp_path) == (None, None)
    rows = "step,train/loss,val/loss\n9,2.5,\n19,1.5,\n21,,0.7\n29,1."
    (tmp_path / "metrics.csv").write_text(rows)
    assert last_logged(tmp_path) == (20, 1.5)


def on_terminal(warm, width, *words):
    """What a command writes to a terminal of some width, in lines."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    process = warm.start(*words, folder=Path(), environment=environment, streams=(side,) * 3)
    os.close(side)
    written = b""
    try:
        while chunk := os.read(main, 4096):
            written += chunk
    except OSError:  # the terminal's other end was closed
        pass
    process.wait()
    os.close(main)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode()).splitlines()


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of runs with long names, of which one goes on."""
    root = tmp_path_factory.mktemp("outputs")
    for number in range(6):
        folder = root / "sweep" / f"model-optimizer-params-seed-{number:06}"
        folder.mkdir(parents=True)
        is_running = number == 3
        record = {
            "schema": 1,
            "status": "running" if is_running else "completed",
            "started": "2026-01-01T00:00:00",
            "process": process_mark() if is_running else None,
            "params": {"total": 10**number},
            "seconds": None if is_running else 1.5 * number,
            "metrics": {} if is_running else {"test/acc": 0.9 + number / 100},
            "best": {"metric": "val/loss", "value": 1 + number / 10, "step": 3},
            "overrides": ["model=cnn", "optimizer=schedule_free_adamw", f"seed={number}"],
        }
        (folder / "run.json").write_text(json.dumps(record))
    (root / "sweep" / "model-optimizer-params-seed-000003" / "metrics.csv").write_text(
        "step,train/loss\n999,0.4567\n"
    )
    return root


@pytest.mark.parametrize("width", [60, 80, 120])
def test_runs_on_a_terminal_fit_and_are_told_apart(width, runs, warm):
    lines = on_terminal(warm, width, "runs", str(runs))
    assert max(map(len, lines)) <= width
    rows = [line for line in lines if re.search(r"completed|running", line)]
    assert len(rows) == 6
    assert len({row.split()[0] for row in rows}) == 6
    assert all(re.search(r"val/loss 1", row) for row in rows)
    (running,) = [row for row in rows if "running" in row]
    assert "1,000" in running
    assert "0.4567" in running


def test_runs_in_a_pipe_have_all_columns_and_whole_names(runs, leyden):
    lines = leyden("runs", str(runs)).out.splitlines()
    heading = ["run", "status", "step", "train/loss", "parameters", "seconds", "best", "test/acc"]
    assert lines[0].split() == [*heading, "typed"]
    names = [line.split()[0] for line in lines[1:]]
    assert names == [f"sweep/model-optimizer-params-seed-{number:06}" for number in range(6)]
    assert all("optimizer=schedule_free_adamw" in line for line in lines[1:])
