"""The tables of runs, and of groups of them."""

import os
from pathlib import Path
from typing import Any

from leyden.analysis.run_groups import Mean, RunGroup
from leyden.cli.console import print_text
from leyden.cli.layout import Column
from leyden.cli.terminal import show_note, show_table
from leyden.files.csv_cells import csv_table
from leyden.formatting import format_number
from leyden.run.listing import last_logged
from leyden.run.query import Value, facts_of


def show_runs(records: list[dict[str, Any]], folder: Path, *, with_typed: bool = True) -> None:
    """A row a run: state, best value, test metrics, cost, and what was typed.

    Of runs that go on there are step and training loss, too.
    """
    tested = sorted({name for record in records for name in record["metrics"]})
    tested = [name for name in tested if name in ("test/acc", "test/rmse", "test/ppl")]
    names = [os.path.relpath(record["folder"], folder) for record in records]
    columns = [(Column("run"), names)]
    columns += [(Column("status"), [record["status"] for record in records])]
    columns += _progress(records)
    columns += [
        (Column("parameters", is_number=True, place=1), _numbers(records, "params", "total")),
        (Column("seconds", is_number=True, place=0), _numbers(records, "seconds")),
        (Column("best"), [shown_best(record["best"]) for record in records]),
    ]
    for name in tested:
        columns.append((Column(name, is_number=True, place=2), _numbers(records, "metrics", name)))
    if with_typed:
        typed = [" ".join(record["overrides"]) for record in records]
        columns.append((Column("typed", place=3, is_cut=True), typed))
    headings, cells = zip(*columns, strict=True)
    show_table(headings, list(zip(*cells, strict=True)))


def show_columns(records: list[dict[str, Any]], keys: list[str], folder: Path) -> None:
    """A row a run with the values of some keys."""
    names = [os.path.relpath(record["folder"], folder) for record in records]
    headings, cells = [Column("run")], [names]
    for key, values in _values(records, keys).items():
        is_number = all(isinstance(value, float) for value in values if value is not None)
        headings.append(Column(key, is_number=is_number))
        cells.append(
            [value if isinstance(value, str) else format_number(value) for value in values]
        )
    show_table(headings, list(zip(*cells, strict=True)))


def print_csv(records: list[dict[str, Any]], keys: list[str], folder: Path) -> None:
    """Runs for spreadsheets: some keys, or all that a run has."""
    names = [os.path.relpath(record["folder"], folder) for record in records]
    found = _values(records, keys)
    print_text(csv_table(["run", *found], list(zip(names, *found.values(), strict=True))))


def show_run_groups(groups: list[RunGroup], num_left_out: int) -> None:
    """A row a group: its values, the number of its runs, and means with 95 % intervals."""
    if not groups:
        show_note("no completed runs")
        return
    first = groups[0]
    columns = [Column(key) for key in first.values]
    columns += [Column(name, is_number=True) for name in ("runs", *first.means)]
    rows = [
        [
            *(
                value if isinstance(value, str) else format_number(value)
                for value in group.values.values()
            ),
            str(group.count),
            *map(_shown_mean, group.means.values()),
        ]
        for group in groups
    ]
    show_table(columns, rows)
    if num_left_out:
        show_note(f"{num_left_out} runs that did not complete are not counted")


def _shown_mean(mean: Mean | None) -> str:
    if mean is None:
        return "-"
    around = "" if mean.half_width is None else f" ± {mean.half_width:.2g}"
    return f"{format_number(mean.value)}{around}"


def print_groups_csv(groups: list[RunGroup]) -> None:
    """Groups for spreadsheets: a column for each mean and one for half its interval."""
    if not groups:
        return
    first = groups[0]
    pairs = [name for result in first.means for name in (result, f"{result} half_width")]
    rows = [
        [
            *group.values.values(),
            group.count,
            *(part for one in group.means.values() for part in _mean_and_half(one)),
        ]
        for group in groups
    ]
    print_text(csv_table([*first.values, "runs", *pairs], rows))


def _mean_and_half(mean: Mean | None) -> tuple[float | None, float | None]:
    return (None, None) if mean is None else (mean.value, mean.half_width)


def _values(records: list[dict[str, Any]], keys: list[str]) -> dict[str, list[Value]]:
    facts = [facts_of(record) for record in records]
    every = dict.fromkeys(key for known in facts for key in known if key != "folder")
    return {key: [known.get(key) for known in facts] for key in keys or every}


def _progress(records: list[dict[str, Any]]) -> list[tuple[Column, list[str]]]:
    """Step and training loss of runs that go on; nothing where there are none."""
    if all(record["status"] != "running" for record in records):
        return []
    is_running = [record["status"] == "running" for record in records]
    found = [
        last_logged(Path(record["folder"])) if running else (None, None)
        for record, running in zip(records, is_running, strict=True)
    ]
    steps, losses = zip(*found, strict=True)
    return [
        (Column("step", is_number=True), list(map(format_number, steps))),
        (Column("train/loss", is_number=True), list(map(format_number, losses))),
    ]


def _numbers(records: list[dict[str, Any]], *keys: str) -> list[str]:
    """A value of each record, as a table shows it."""
    values = []
    for record in records:
        value: Any = record
        for key in keys:
            value = (value or {}).get(key)
        values.append(format_number(value))
    return values


def shown_best(best: dict[str, Any]) -> str:
    """`val/loss 0.1234`, or a dash."""
    return "-" if best["value"] is None else f"{best['metric']} {format_number(best['value'])}"
