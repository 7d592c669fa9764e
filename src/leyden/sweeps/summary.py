"""What a user sees of a sweep: what there is to do, what came of it, what is left."""

from pathlib import Path

from rich.markup import escape

from leyden.runs.listing import find_runs
from leyden.sweeps.record import DONE, FAILED, SweepRecord, best_entry
from leyden.terminal import (
    format_number,
    messages,
    printable,
    results,
    show_note,
    show_runs,
    show_table,
    shown_path,
)

MOST_SHOWN = 20
"""Jobs of a sweep that are listed at its end."""


def show_sweep_start(record: SweepRecord, *, done: int, total: int, slots: int) -> None:
    """How much of a sweep there is to do, and where it goes."""
    jobs = "trials" if record.search else "jobs"
    kept = f", {done} of them done before" if done else ""
    messages().print(f"[bold]{total} {jobs}[/]{kept}; {slots} at a time by {record.launcher}")
    messages().print(f"  folder  {shown_path(record.folder)}")


def show_sweep(record: SweepRecord) -> None:
    """The best of a sweep's jobs, and those that failed."""
    sign = record.objectives[0].sign
    place = {
        entry.folder: sign * entry.objective[0]
        for entry in record.jobs
        if entry.objective and entry.objective[0] is not None
    }
    runs = find_runs(record.folder)
    runs.sort(key=lambda run: place.get(Path(run["folder"]).name, float("inf")))
    failed = [run for run in runs if run["status"] not in ("completed", "pruned")]
    others = [run for run in failed if run not in runs[:MOST_SHOWN]]
    show_runs(runs[:MOST_SHOWN] + others, record.folder, with_typed=False)
    if len(runs) > MOST_SHOWN:
        show_note(
            f"the best {MOST_SHOWN} of {len(runs)}; all: leyden runs {shown_path(record.folder)}"
        )
    for line in what_is_left(record):
        messages().print(line)


def what_is_left(record: SweepRecord) -> list[str]:
    """The best of a sweep, and what can be done about the jobs that are not done."""
    best, lines = best_entry(record), []
    if best is not None:
        words = escape(printable(" ".join(best.overrides) or "the only job"))
        metric = escape(printable(record.objectives[0].metric))
        value = f"{metric} {format_number(best.objective[0])}"
        lines.append(f"[bold]best[/]  {words}: {value}")
    failed = sum(entry.state in FAILED for entry in record.jobs)
    if failed:
        lines.append(f"[yellow]{failed} failed; add `sweep.retry=1` to run them again")
    if record.num_left:
        lines.append(f"[yellow]{record.num_left} not done yet; the same command goes on with them")
    return lines


def show_sweeps(records: list[SweepRecord]) -> None:
    """A row a sweep: state, jobs that are done, the best value and its job."""
    rows = []
    for record in records:
        best, done = best_entry(record), [entry.state in DONE for entry in record.jobs]
        value = "-" if best is None else f"{record.objectives[0].metric} "
        value += "" if best is None else format_number(best.objective[0])
        name = shown_path(record.folder)
        by = "" if best is None else " ".join(best.overrides)
        rows.append([name, record.status, f"{sum(done)} of {record.num_planned}", value, by])
    if rows:
        show_table(["sweep", "status", "done", "best", "by"], rows, numeric=set())
        results().print()
