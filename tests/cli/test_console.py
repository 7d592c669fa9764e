"""Whatever is said on a terminal is text: no markup of rich's, no control characters."""

import ast
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.live import Live

import leyden
from leyden.cli import console, terminal
from leyden.cli.layout import Column
from leyden.cli.sweep_progress import SweepTable, job_line
from leyden.errors import Problem
from leyden.formatting import printable, printable_lines
from leyden.sweeps.events import JobEnded, SweepProgress
from leyden.sweeps.record import JobEntry, Objective, SweepRecord

SOURCE = Path(leyden.__file__).parent
MODULES = sorted(path for path in SOURCE.rglob("*.py") if path.name != "console.py")

ALLOWED = {
    "rich.cells": {"cell_len"},
    "rich.console": {"Group", "RenderableType"},
    "rich.live": {"Live"},
    "rich.table": {"Column"},
    "rich.progress": {
        "BarColumn",
        "DownloadColumn",
        "Progress",
        "TimeRemainingColumn",
        "TransferSpeedColumn",
    },
}
"""Names of rich's that take no text of ours, or only what `styled` made of it."""

TEXT = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        "no such shard [/data/shard-3]",
        "[lower case]",
        "[bold]x[/]",
        ":smile:",
        "\\[red]",
        "\x1b[2J\x1b]0;evil\x07",
        "a\r\nb",
        "\u202egnp.exe",
        "\udcff",
        "\x9b31m",
    ]
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_text_reaches_a_terminal_by_one_module_alone(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not [name.name for name in node.names if name.name.startswith("rich")]
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich":
            assert {name.name for name in node.names} <= ALLOWED.get(node.module, set()), (
                node.lineno
            )
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in ("print", "status", "log_locals", "rule"), node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", node.lineno
            if node.func.id == "Group":  # of lines that are styled
                assert all(isinstance(part, ast.Starred) for part in node.args), node.lineno


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@example("no such shard [/data/shard-3]")
@example("[lower case] :smile:")
@given(TEXT)
def test_a_message_shows_any_text_as_text(capsys, text):
    ways = (
        lambda: terminal.show_note(text),
        lambda: terminal.show_problems([Problem(text, text, text)]),
        lambda: terminal.show_user_error(RuntimeError(f"begin {text}")),
        lambda: console.say(console.messages(), text, (text, "bold")),
        lambda: console.say_rows(console.messages(), [(text, text)], heading=("a", text)),
        lambda: console.say_wrapped(console.messages(), text, mark=("failed: ", "bold")),
    )
    for way in ways:
        capsys.readouterr()
        way()
        shown = capsys.readouterr().err
        lines = text.strip().partition("\n")[0] if "begin" in shown else text
        assert printable(lines).strip() in shown
        assert printable_lines(shown) == shown


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(TEXT)
def test_a_table_of_results_shows_any_text_as_text(capsys, text):
    capsys.readouterr()
    terminal.show_table([Column(printable(text)), Column("b")], [[text, text], ["x", text]])
    terminal.show_metrics({text: 1.5})
    shown = capsys.readouterr()
    assert printable(text).strip() in shown.out
    assert printable_lines(shown.out + shown.err) == shown.out + shown.err


def sweep_of(text: str) -> SweepRecord:
    failed = JobEntry(
        [f"name={text}"],
        state="failed",
        failure="exception",
        error={"type": "RuntimeError", "message": text},
    )
    done = JobEntry([f"name={text}"], folder=text, state="completed", objective=[1.0])
    return SweepRecord(
        folder=Path("sweep"),
        name=text,
        experiment=None,
        command=[],
        overrides=[],
        axes=["name"],
        repeated=[],
        objectives=[Objective(text, "min")],
        launcher="local",
        jobs=[failed, done],
    )


@settings(max_examples=40)
@example("no such shard [/data/shard-3]")
@given(TEXT)
def test_a_sweeps_table_on_a_terminal_shows_any_text_as_text(text):
    record, board = sweep_of(text), SweepTable(slots=1, total=2)
    board.console._force_terminal = True
    board.console.file = file = io.StringIO()
    board.console.width = 200
    board.live = Live(console=board.console, transient=True, auto_refresh=False)
    with board.live:
        for entry in record.jobs:
            board.show(JobEnded(entry, record))
        board.show(SweepProgress(record, [Path(printable(text).replace("/", "-"))], 1))
    shown = file.getvalue()
    assert job_line(record.jobs[0], "x", count="1/2", width=200)[5:50] in shown
    for character in set(text) - set("\x1b\r\n"):  # which rich's own table needs
        assert character.isprintable() or character not in shown
    assert "\x1b[2J" not in shown


@given(TEXT)
def test_what_is_printed_as_a_path_is_one_line(text):
    assert "\n" not in printable(text)
    assert printable(printable(text)) == printable(text)
