"""What `leyden data` prints."""

from typing import TYPE_CHECKING, Any

from leyden.console import results, say, say_rows, say_wrapped
from leyden.layout import Column
from leyden.terminal import show_table

if TYPE_CHECKING:
    from leyden.data import DataModule
    from leyden.data.report import Column as DataColumn

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


def show_columns(columns: "list[DataColumn]") -> None:
    """A row a column: what it holds, and what was made of it."""
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
    show_table(
        [
            Column("column", is_cut=True),
            Column("role"),
            Column("kind", place=2),
            Column("distinct", is_number=True, place=1),
            Column("missing", is_number=True),
            Column("example", place=0, is_cut=True),
            Column("", is_cut=True),
        ],
        rows,
    )
