"""Which runs TensorBoard shows, and by which names."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leyden.errors import ConfigError
from leyden.run.foreign_links import reject_foreign_links
from leyden.run.hyperparameters import PLACES, short_names
from leyden.run.swept import swept_values
from leyden.sweeps.record import SweepRecord

MOST_TICKED = 40
"""Of more runs TensorBoard ticks none in its tabs but TIME SERIES and HPARAMS: they are empty."""

LONGEST = 80
"""Letters of a name."""

FEWEST_RANKED = 3
"""Runs with a value among which best, median and worst are told apart."""


@dataclass(frozen=True)
class BoardRun:
    """A run that is shown.

    Attributes:
        name: Name in TensorBoard, with its group before a slash if there are several groups.
        record: Content of its `run.json`, with its `folder`.
    """

    name: str
    record: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Folder of the run."""
        return Path(self.record["folder"])


@dataclass(frozen=True)
class Selection:
    """The runs that are shown.

    Attributes:
        runs: In the order of their names.
        is_ranked: Whether best, median and worst are named so.
        left_out: Why others are not shown.
    """

    runs: list[BoardRun]
    is_ranked: bool
    left_out: list[str]


def select_runs(
    records: Sequence[dict[str, Any]], *, last: int | None, sweep: Path | None = None
) -> Selection:
    """Chooses runs and names them.

    Of a sweep they are in the order of what its jobs are compared by, but best, median and worst
    stand first. Of several folders they are in the order of time, each sweep by itself.

    Args:
        records: Records of runs, each with its `folder`, oldest first.
        last: How many of the last are taken; None: as many as TensorBoard ticks, of a sweep those
            that are best, with the median and the worst.
        sweep: Folder of the sweep whose jobs they are; None: they are of several folders.
    """
    shown, left_out = readable(records)
    of_sweep = None if sweep is None else SweepRecord.read(sweep)
    scores = {} if of_sweep is None else scores_of(of_sweep)
    if last is not None:
        shown = shown[max(0, len(shown) - last) :]
    scored = [one for one in shown if Path(one["folder"]).name in scores]
    if of_sweep is not None and len(scored) >= FEWEST_RANKED:
        in_rank = sorted(scored, key=lambda one: scores[Path(one["folder"]).name])
        in_rank += [one for one in shown if Path(one["folder"]).name not in scores]
        most = last or MOST_TICKED
        runs = name_by_rank(in_rank, len(scored), axes=of_sweep.axes, most=most)
    else:
        runs = name_by_time(shown[-(last or MOST_TICKED) :])
    if len(runs) < len(shown):
        what = "the best, the median and the worst" if len(scored) >= FEWEST_RANKED else "the last"
        left_out.append(f"{len(runs)} of {len(shown)} runs are shown, {what}; --last shows others")
    return Selection(runs, len(scored) >= FEWEST_RANKED, left_out)


def readable(records: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The runs that have an event file and lead nowhere else; and why others were left out."""
    found, left_out = [], []
    for record in records:
        folder = Path(record["folder"])
        try:
            reject_foreign_links(folder, key="RUN")
        except ConfigError as error:
            left_out += [f"left out {folder}: {one.message}" for one in error.problems]
            continue
        if any(folder.glob("events.out.*")):
            found.append(record)
    silent = len(records) - len(found) - len(left_out)
    return found, [*left_out, *([f"{silent} without an event file"] if silent else [])]


def scores_of(sweep: SweepRecord) -> dict[str, float]:
    """What the jobs are compared by, by the name of their folders: less is better."""
    sign = sweep.objectives[0].sign
    return {
        job.folder: sign * job.objective[0]
        for job in sweep.jobs
        if job.folder is not None and job.objective and job.objective[0] is not None
    }


def name_by_rank(
    in_rank: Sequence[dict[str, Any]], num_scored: int, *, axes: Sequence[str], most: int
) -> list[BoardRun]:
    """Best, median and worst first, then the others, the best before."""
    median, worst = (num_scored - 1) // 2, num_scored - 1
    marked = {0: "best", median: "median", worst: "worst"}
    order = [*marked, *(place for place in range(len(in_rank)) if place not in marked)][:most]
    digits = len(str(len(order)))
    return [
        BoardRun(named(number, digits, one, axes, marked.get(place, "")), one)
        for number, place in enumerate(order, start=1)
        for one in [in_rank[place]]
    ]


def name_by_time(records: Sequence[dict[str, Any]]) -> list[BoardRun]:
    """In the order of time, each group numbered by itself; one group alone needs no name."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(os.path.dirname(os.path.realpath(record["folder"])), []).append(record)
    titles = titles_of(list(groups))
    runs = []
    for parent, members in groups.items():
        before = f"{titles[parent]}/" if len(groups) > 1 else ""
        digits, axes = len(str(len(members))), list(swept_values(Path(members[0]["folder"])))
        runs += [
            BoardRun(f"{before}{named(number, digits, record, axes)}", record)
            for number, record in enumerate(members, start=1)
        ]
    return sorted(runs, key=lambda run: run.name)


def titles_of(folders: Sequence[str]) -> dict[str, str]:
    """A name for each folder: the part of its path in which it differs from the others."""
    common = os.path.commonpath(folders) if folders else ""
    titles: dict[str, str] = {}
    for folder in folders:
        path = os.path.relpath(folder, common)
        title = plain(Path(folder).name if path == "." else path.replace(os.sep, " "))
        number = sum(one == title for one in titles.values()) + 1
        titles[folder] = title if number == 1 else f"{title} ({number})"
    return titles


def named(
    number: int, digits: int, record: dict[str, Any], axes: Sequence[str], mark: str = ""
) -> str:
    """As `07 best model=cnn lr=0.1`: what was chosen for a run.

    Args:
        number: Its place.
        digits: Digits of the highest place.
        record: Its record.
        axes: Keys in which the jobs of its sweep differ; none: all that was typed is named.
        mark: A word before what was chosen.
    """
    typed = (one.lstrip("+~").partition("=") for one in record["overrides"])
    values = {key: value for key, equals, value in typed if equals and key not in PLACES}
    chosen = {key: values[key] for key in axes if key in values} or values
    names = short_names(chosen)
    words = [f"{names[key]}={value}" for key, value in chosen.items()]
    shown = words or [Path(record["folder"]).name]
    return plain(" ".join([f"{number:0{digits}d}", *([mark] if mark else []), *shown]))


def plain(text: str) -> str:
    """A text as a folder's name, and short."""
    return re.sub(r"[^\w.+=,()\[\] -]+", "-", text)[:LONGEST].strip()
