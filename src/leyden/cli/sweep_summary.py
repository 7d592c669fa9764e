"""What a user sees of a sweep: what there is to do, what came of it, what is left."""

from pathlib import Path

from leyden.cli.console import messages, results, say, say_wrapped
from leyden.cli.layout import Column
from leyden.cli.runs_table import show_runs
from leyden.cli.terminal import show_note, show_table
from leyden.formatting import format_number, shown_path
from leyden.run.listing import find_runs
from leyden.sweeps.failure import LOST
from leyden.sweeps.objective import best_configuration, best_pruned
from leyden.sweeps.record import DONE, FAILED, SweepRecord

MOST_SHOWN = 20
"""Jobs of a sweep that are listed at its end."""


def show_sweep_start(record: SweepRecord, *, done: int, slots: int) -> None:
    """How much of a sweep there is to do, and where it goes."""
    jobs = "trials" if record.search else "jobs at most" if record.most_jobs else "jobs"
    total = record.num_planned
    kept = f", {done} of them done before" if done else ""
    rest = f"{kept}; {slots} at a time by {record.launcher}"
    if record.jobs_a_trial > 1:
        jobs = f"jobs, {record.jobs_a_trial} for each trial"
    say(messages(), (f"{total} {jobs}", "bold"), rest)
    say(messages(), f"  folder  {shown_path(record.folder)}")


def show_sweep(record: SweepRecord) -> None:
    """The best of a sweep's jobs, and those that failed."""
    sign = record.objectives[0].sign
    place = {
        entry.folder: (entry.state != "completed", sign * entry.objective[0])
        for entry in record.jobs
        if entry.objective and entry.objective[0] is not None
    }
    runs, left_out = find_runs(record.folder)
    for note in left_out:
        show_note(note)
    last = (True, float("inf"))  # what was cut short comes after what was trained to its end
    runs.sort(key=lambda run: place.get(Path(run["folder"]).name, last))
    failed = [run for run in runs if run["status"] not in ("completed", "pruned")]
    others = [run for run in failed if run not in runs[:MOST_SHOWN]]
    show_runs(runs[:MOST_SHOWN] + others, record.folder, with_typed=False)
    if len(runs) > MOST_SHOWN:
        show_note(
            f"the best {MOST_SHOWN} of {len(runs)}; all: leyden runs {shown_path(record.folder)}"
        )
    for line in what_is_left(record):
        show_note(line)
    show_standing(record)


def show_standing(record: SweepRecord) -> None:
    """How the best configuration stands to simple models on the same data."""
    from leyden.sweeps.report.baselines import standing_of
    from leyden.sweeps.report.results import read_results

    results = read_results(record.folder)
    found = standing_of(results, results.scored[0]) if results.scored else None
    if found is not None:
        say_wrapped(messages(), found.sentence, style="" if found.beats_trivial else "yellow")


def what_is_left(record: SweepRecord) -> list[str]:
    """The best configuration, and what can be done about the jobs that are not done."""
    lines = best_lines(record)
    failed = sum(entry.state in FAILED for entry in record.jobs)
    if failed:
        lines.append(f"{failed} failed; add `sweep.retry=1` to run them again")
    for entry in record.jobs:
        if entry.failure == LOST and entry.error is not None:
            lines.append(f"{named(entry.overrides)}: {entry.error['message']}")
    if record.num_left:
        lines.append(f"{record.num_left} not done yet; the same command goes on with them")
    return lines


def best_lines(record: SweepRecord) -> list[str]:
    """The best configuration with its interval; beside it a pruned job that had a better value."""
    best, pruned, lines = best_configuration(record), best_pruned(record), []
    if best is not None:
        lines.append(f"best  {named(best.overrides)}: {best.score} ({best.basis})")
    sign = record.objectives[0].sign
    if pruned is not None and pruned.objective[0] is not None:
        value = pruned.objective[0]
        if best is None or sign * value < sign * best.mean:
            lines.append(
                f"{named(pruned.overrides)} had {record.objectives[0].metric}"
                f" {format_number(value)} when it was pruned; it was not trained to its end"
            )
    return lines


def named(overrides: list[str]) -> str:
    """What sets a configuration apart."""
    return " ".join(overrides) or "the only configuration"


def show_sweeps(records: list[SweepRecord]) -> None:
    """A row a sweep: state, jobs that are done, and the best configuration."""
    rows = []
    for record in records:
        best, done = best_configuration(record), [entry.state in DONE for entry in record.jobs]
        score = "-" if best is None else best.score
        by = "" if best is None else named(best.overrides)
        name = shown_path(record.folder)
        rows.append([name, record.status, f"{sum(done)} of {record.num_planned}", score, by])
    if rows:
        columns = [Column("sweep"), Column("status"), Column("done"), Column("best")]
        show_table([*columns, Column("by", place=0, is_cut=True)], rows)
        say(results())
