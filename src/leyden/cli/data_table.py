"""What `leyden data` prints."""

from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len

from leyden.cli.console import results, say, say_rows, say_wrapped
from leyden.cli.layout import GAP, SHORTEST_TEXT, Column, lay_out
from leyden.cli.terminal import show_table, terminal_width

if TYPE_CHECKING:
    from leyden.data import DataModule
    from leyden.data.report import Column as DataColumn

MOST_COLUMNS = 60
"""Columns that are listed: those that are no features come first; `--json` has all."""

MOST_CLASSES = 50
"""Classes that are listed; `--json` has all."""


def show_description(data: "DataModule", described: dict[str, Any]) -> None:
    """The parts, the classes, the columns, what is left out, warnings, and the picture."""
    report, spec, console = data.report, data.spec, results()
    path = f" {described['path']}" if described["path"] else ""
    say(console, (f"data {described['data']}", "bold"), path)
    shape = " x ".join(map(str, spec.input_shape))
    sample = f"{shape} features" if spec.kind == "table" else f"{shape} ({spec.kind})"
    if spec.task_name == "classification":
        outputs = f"{spec.num_outputs} classes"
    elif spec.task_name == "regression":
        numbers = "a number" if spec.num_outputs == 1 else f"{spec.num_outputs} numbers"
        outputs = f"{numbers}: {spec.target_name}"
    else:
        outputs = f"{spec.num_outputs:,} tokens"
    say_rows(
        console,
        [
            ("task", f"{spec.task_name.replace('_', ' ')}, {outputs}"),
            ("sample", sample),
            *((name, f"{size:,} samples") for name, size in report.parts.items()),
            *([("split", report.split)] if report.split else []),
            *report.source.items(),
        ],
    )
    if report.classes:
        say(console, "")
        show_classes(report.classes)
    if report.columns:
        say(console, "")
        show_columns(report.columns)
    for what, counts in (("rows", report.rows_left_out), ("files", report.files_left_out)):
        for reason, count in counts.items():
            say_wrapped(console, f"{what} left out: {count:,} ({reason})")
    for note in report.notes:
        say_wrapped(console, note)
    for warning in report.warnings:
        say_wrapped(console, warning, mark=("warning: ", "bold yellow"))
    say(console, f"picture  {described['picture']}")


def show_classes(classes: dict[str, dict[str, int]]) -> None:
    """A row a class: its samples in each part."""
    parts = list(next(iter(classes.values())))
    columns = [Column("class", is_cut=True), *(Column(part, is_number=True) for part in parts)]
    rows = [[name, *(f"{counts[part]:,}" for part in parts)] for name, counts in classes.items()]
    show_table(columns, rows[:MOST_CLASSES])
    if len(rows) > MOST_CLASSES:
        say(results(), f"and {len(rows) - MOST_CLASSES} more classes")


def missing_cell(column: "DataColumn") -> str:
    """How many cells are missing, and what stands in those that are not empty."""
    words = " ".join(word for word in column.missing if word)
    return f"{column.num_missing:,}{f' ({words})' * bool(words)}" if column.num_missing else ""


def chosen_columns(columns: "list[DataColumn]") -> "list[DataColumn]":
    """Those that are listed, in their order: target, times and split before all others."""
    by_role = sorted(columns, key=lambda one: one.role in ("feature", "left out"))
    chosen = {id(one) for one in by_role[:MOST_COLUMNS]}
    return [one for one in columns if id(one) in chosen]


def show_columns(all_columns: "list[DataColumn]") -> None:
    """A row a column: what it holds, and what was made of it."""
    columns = chosen_columns(all_columns)
    rows = [
        [
            one.name,
            one.role,
            one.kind,
            f"{one.distinct:,}",
            missing_cell(one),
            one.example,
            one.reason or "; missing as ".join(filter(None, (one.made, one.filled))),
        ]
        for one in columns
    ]
    headings = [
        Column("column", is_cut=True),
        Column("role"),
        Column("kind", place=2),
        Column("distinct", is_number=True, place=1),
        Column("missing", is_number=True),
        Column("example", place=0, is_cut=True),
        Column("", is_cut=True),
    ]
    show_table(headings, with_wrapped_ends(headings, rows, width=terminal_width()))
    if len(all_columns) > len(columns):
        say(results(), f"and {len(all_columns) - len(columns):,} more columns: leyden data --json")


def with_wrapped_ends(
    headings: Sequence[Column], rows: Sequence[list[str]], *, width: int | None
) -> list[list[str]]:
    """Rows whose last cell goes on in further rows where it has no room.

    Args:
        headings: Headings of the columns.
        rows: Their cells.
        width: Width of the terminal; None: there is room for all.
    """
    if width is None:
        return list(rows)
    # The other columns are laid out as they will be beside the least of the last.
    beside = lay_out(headings[:-1], [row[:-1] for row in rows], width=width - GAP - SHORTEST_TEXT)
    room = max(SHORTEST_TEXT, width - GAP - max(map(cell_len, beside.lines)))
    found = list[list[str]]()
    for row in rows:
        first, *others = wrap(row[-1], room) or [""]
        found.append([*row[:-1], first])
        found += [[*[""] * (len(row) - 1), other] for other in others]
    return found
