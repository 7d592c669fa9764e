"""The table of a bench, and its JSON."""

import json
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tests.bench.case import Case, Row, Skipped
from tests.bench.growth.curve import Curve

RESULTS = Path("outputs") / "bench" / "results.json"
WIDTH = 100

Results = dict[Case, Row | Skipped]


def show(results: Results) -> None:
    """A row a case, and then the notes."""
    console = Console(width=WIDTH, highlight=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("case", "ours", "reference", "ratio", "spread", "target", "", "arithmetic"):
        is_text = name in ("case", "target", "")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    for case, row in results.items():
        if isinstance(row, Skipped):
            table.add_row(case.name, *["-"] * 4, target_of(case), "skipped", "-")
        else:
            table.add_row(*cells(case, row))
    console.print(table)
    for case, row in results.items():
        notes = [row.reason] if isinstance(row, Skipped) else row.notes
        for note in notes:
            console.print(Text(f"{case.name}: {note}"))


def cells(case: Case, row: Row) -> list[Text | str]:
    pairs, met = row.pairs, case.is_met(row)
    verdict = {True: Text("met", "green"), False: Text("NOT met", "red"), None: Text("-")}[met]
    low, high = pairs.spread
    return [
        case.name,
        f"{number(statistics.median(pairs.ours))} {row.unit}",
        f"{number(statistics.median(pairs.reference))} {row.unit}",
        number(pairs.ratio),
        f"{number(low)} to {number(high)}",
        target_of(case),
        verdict,
        "-" if row.arithmetic is None else f"{row.arithmetic:.0%}",
    ]


def number(value: float) -> str:
    """Three digits."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def target_of(case: Case) -> str:
    if case.target is None:
        return "-"
    sign = "<=" if case.target.sense == "at most" else ">="
    unit = " s" if case.target.of == "ours" else ""
    return f"{sign} {case.target.value:.3g}{unit}"


def write(results: Results, growth: Sequence[Curve]) -> None:
    """What was measured and on what, no names and no paths.

    What was not measured this time stays from before, if it was on the same machine.
    """
    machine = {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    content = {"cases": [entry(case, row) for case, row in results.items()]}
    content["growth"] = [curve.entry() for curve in growth]
    if RESULTS.is_file():
        before = json.loads(RESULTS.read_text(encoding="utf-8"))
        if before["machine"] == machine:
            content = {key: merged(before[key], new) for key, new in content.items()}
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**content, "machine": machine}, indent=1)
    RESULTS.write_text(text + "\n", encoding="utf-8")


def cpu_name() -> str:
    """As the system calls it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def merged(before: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries by name, the new ones in the places of the old ones."""
    return [*{entry["name"]: entry for entry in (*before, *new)}.values()]


def entry(case: Case, row: Row | Skipped) -> dict[str, Any]:
    if isinstance(row, Skipped):
        return {"name": case.name, "target": target_of(case), "skipped": row.reason}
    return {
        "name": case.name,
        "ours": statistics.median(row.pairs.ours),
        "reference": statistics.median(row.pairs.reference),
        "unit": row.unit,
        "ratio": row.pairs.ratio,
        "spread": row.pairs.spread,
        "target": target_of(case),
        "met": case.is_met(row),
        "arithmetic": row.arithmetic,
        "notes": row.notes,
        "all": {"ours": row.pairs.ours, "reference": row.pairs.reference},
    }
