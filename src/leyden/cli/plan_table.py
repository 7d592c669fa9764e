"""The table of `leyden plan`."""

from collections.abc import Iterable
from typing import Any

from leyden.analysis.cost import slots
from leyden.cli.layout import Column
from leyden.cli.terminal import show_note, show_table
from leyden.config.compose import ComposedRequest, SweepSpec
from leyden.config.targets import find_target
from leyden.formatting import format_bytes, format_flops, format_number, format_time_range
from leyden.planning.batch import num_processes_of

PLACES = {
    name: place
    for place, name in enumerate(
        ["FLOPs/step", "depth", "steps", "FLOPs", "memory", "memory/device", "width"]
    )
}
"""Of columns in the order in which they give way on a narrow terminal."""


def show_plan(composed: ComposedRequest, rows: list[dict[str, Any]]) -> None:
    """A row a job: what it is, its size and cost; the sum of the costs, and when all is done."""
    words = [name for name in ("model", "data") if _is_news(name, rows)]
    knobs = ["width", *(["depth"] if _is_news("depth", rows) else [])]
    is_shared = any(num_processes_of(job.cfg) > 1 for job in composed.jobs)
    memory = "memory/device" if is_shared else "memory"
    costs = ["parameters", "steps", "FLOPs/step", "FLOPs", memory, "time"]
    names = [] if composed.sweep is None else ["job"]  # a single one is what was typed
    cells = [
        [
            *(row[name] or "defaults" for name in names),
            *(row[name] for name in words),
            *(format_number(row[name]) for name in knobs),
            format_number(row["params"]["total"]),
            format_number(row["steps"]),
            format_flops(row["flops"]["per_step"]),
            format_flops(row["flops"]["total"]),
            format_bytes(row["memory_bytes"]),
            format_time_range(row["seconds_range"]),
        ]
        for row in rows
    ]
    seconds = _sum_of_ranges([row["seconds_range"] for row in rows])
    is_search = composed.sweep is not None and composed.sweep.searcher is not None
    if len(rows) > 1 and not is_search:
        flops = _sum(row["flops"]["total"] for row in rows)
        blank = [""] * (len(words) + len(knobs) + 3)
        sums = [format_flops(flops), "", format_time_range(seconds)]
        cells.append([f"{len(rows)} jobs", *blank, *sums])
    columns = [
        *(Column(name) for name in [*names, *words]),
        *(Column(name, is_number=True, place=PLACES.get(name)) for name in [*knobs, *costs]),
    ]
    show_table(columns, cells)
    _show_what_was_measured(rows)
    if composed.sweep is not None:
        devices = max(int(job.cfg.trainer.devices) for job in composed.jobs)
        _show_wall_time(composed.sweep, rows, seconds, devices)


def _show_what_was_measured(rows: list[dict[str, Any]]) -> None:
    """What the times include, and how many of them are no more than bounds."""
    timed = [row for row in rows if row["seconds_range"] is not None]
    if not timed:
        return
    show_note(
        "times are estimates from measured steps, for whole jobs with their validations;"
        " early stopping is not counted"
    )
    unknown = sum(row["seconds"] is None for row in timed)
    if unknown:
        show_note(
            f"for {unknown} jobs only a smaller model could be measured: their range goes from the"
            " device's peak speed to a time in proportion to FLOPs"
        )


def _show_wall_time(
    sweep: SweepSpec, rows: list[dict[str, Any]], seconds: list[float] | None, devices: int
) -> None:
    """How long all jobs take side by side."""
    count, words = len(rows), f"{len(rows)} jobs"
    if sweep.searcher is not None:
        repeats = sweep.axes.num_repeats
        count = sweep.searcher.n_trials * repeats
        each = f" of {repeats} jobs each" if repeats > 1 else ""
        words = f"{sweep.searcher.n_trials} trials{each}, of which those above are the corners"
    side_by_side = slots(sweep, devices=devices)
    at_a_time = f"{side_by_side} at a time" if side_by_side else "one after the other"
    if seconds is None:
        show_note(f"{words}, {at_a_time}")
        return
    wall = [
        max(
            total / len(rows) * count / (side_by_side or 1),
            *(row["seconds_range"][end] for row in rows),
        )
        for end, total in enumerate(seconds)
    ]
    pruned = sweep.searcher is not None and sweep.searcher.get("pruner") is not None
    is_stacked = getattr(find_target(str(sweep.launcher._target_)), "trains_jobs_together", False)
    less = ", if none is pruned" if pruned else ", if they are not stacked" if is_stacked else ""
    show_note(f"{words}: about {format_time_range(wall)}, {at_a_time}{less}")


def _is_news(name: str, rows: list[dict[str, Any]]) -> bool:
    """Whether a column says what sets jobs apart and is not in their names."""
    differs = len({row[name] for row in rows}) > 1
    named = all(str(row[name]) in row["job"].split() for row in rows)
    return len(rows) == 1 or (differs and not named)


def _sum_of_ranges(ranges: list[list[float] | None]) -> list[float] | None:
    """The sum of the least and that of the most: what makes one job slower does so to all."""
    known = [found for found in ranges if found is not None]
    if len(known) < len(ranges):
        return None
    return [sum(found[end] for found in known) for end in (0, 1)]


def _sum(values: Iterable[Any]) -> Any:
    """None if one of the values is not known."""
    listed = list(values)
    return None if None in listed else sum(listed)
