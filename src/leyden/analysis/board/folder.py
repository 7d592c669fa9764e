"""The folder that TensorBoard is started on: a folder for each run, with links to its files."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leyden.analysis.board.selection import BoardRun
from leyden.callbacks.embeddings import CONFIG, FOLDER
from leyden.errors import ConfigError
from leyden.files.temporary import temporary_folder
from leyden.loggers.hparams_table import columns_record, in_order
from leyden.run.folder import read_frozen
from leyden.run.hyperparameters import Scalar, ShortHyperparameters, short_hyperparameters
from leyden.run.swept import swept_values

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

FIRST_FILE = "events.out.tfevents.0.columns"
"""Stands before the run's own by name, and so is read first."""


@contextmanager
def board_folder(runs: Sequence[BoardRun]) -> Iterator[Path]:
    """A folder with a folder for each run, which is removed again.

    It lies with the machine's temporary files, and not among the runs: several of them may be open
    at a time, and the folder of the runs may belong to others.
    """
    with temporary_folder(Path(tempfile.gettempdir()), "leyden-board-") as folder:
        for run in runs:
            (folder / run.name).mkdir(parents=True)
        write_columns(folder, runs)
        link_files(folder, runs)
        yield folder


def link_files(folder: Path, runs: Sequence[BoardRun]) -> None:
    """Links what the runs have written since the last time; a resumed run begins a file.

    The files of the PROJECTOR are copied: TensorBoard reads none that lie elsewhere.
    """
    for run in runs:
        for path in run.folder.glob("events.out.*"):
            link = folder / run.name / path.name
            if not link.is_symlink():
                link.symlink_to(path.resolve())
        features, config = run.folder / FOLDER, run.folder / CONFIG
        copy = folder / run.name
        if config.is_file() and features.is_dir() and not (copy / CONFIG).exists():
            shutil.copytree(features, copy / FOLDER, symlinks=True, dirs_exist_ok=True)
            shutil.copy(config, copy / CONFIG, follow_symlinks=False)


def write_columns(folder: Path, runs: Sequence[BoardRun]) -> None:
    """Writes into each run the columns of the HPARAMS tab, and where its folder is.

    TensorBoard takes the columns of the run that it finds first, and of a run those that it reads
    first: so each has those of all.
    """
    from torch.utils.tensorboard.summary import text

    found = [one for run in runs if (one := hyperparameters_of(run.record)) is not None]
    metrics = dict.fromkeys(name for run in runs for name in run.record["metrics"])
    names = [name for name in metrics if name.startswith(("val/", "test/"))]
    columns = columns_record(*columns_of(found), in_order(names, monitor_of(runs)))
    for run in runs:
        where = text("folder", f"`{run.folder}`")  # type: ignore[no-untyped-call]
        write_events(folder / run.name / FIRST_FILE, [columns, where], when=started(run.record))


def write_events(path: Path, summaries: Sequence["Summary"], *, when: float) -> None:
    """Writes an event file.

    Args:
        path: Of the file; a writer of TensorBoard's would name it by the time.
        summaries: What it holds.
        when: Seconds since 1970 of all its events.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    events = [Event(file_version="brain.Event:2"), *(Event(summary=one) for one in summaries)]
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for event in events:
            event.wall_time = when
            writer.write(event.SerializeToString())


def started(record: dict[str, Any]) -> float:
    """When a run began; 0 where it is not known."""
    text = record.get("started")
    return 0.0 if text is None else datetime.fromisoformat(text).timestamp()


def hyperparameters_of(record: dict[str, Any]) -> ShortHyperparameters | None:
    """What a run was set to; None where its config can't be read."""
    folder = Path(record["folder"])
    try:
        cfg = read_frozen(folder)
    except ConfigError:
        return None
    return short_hyperparameters(cfg, record["choices"], record["overrides"], swept_values(folder))


def columns_of(
    found: Sequence[ShortHyperparameters],
) -> tuple[dict[str, list[Scalar]], dict[str, Scalar]]:
    """What was chosen and differs between the runs, with its values; and the rest.

    Of one run all that was chosen comes first.
    """
    values: dict[str, list[Scalar | None]] = {}
    for name in dict.fromkeys(name for one in found for name in one.values):
        values[name] = list(dict.fromkeys(one.values.get(name) for one in found))
    chosen = dict.fromkeys(name for one in found for name in one.chosen)
    first = {
        name: [value for value in values[name] if value is not None]
        for name in chosen
        if name in values and (len(values[name]) > 1 or len(found) == 1)
    }
    others = {
        name: next(value for value in known if value is not None)
        for name, known in values.items()
        if name not in first
    }
    return first, others


def monitor_of(runs: Sequence[BoardRun]) -> str | None:
    """The metric that most runs monitored."""
    names = [name for run in runs if (name := run.record["best"]["metric"])]
    return max(dict.fromkeys(names), key=names.count, default=None)
