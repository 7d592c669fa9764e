"""The folder that TensorBoard is started on: links to runs, and the columns of its table."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leyden.analysis.board.selection import BoardRun
from leyden.errors import ConfigError
from leyden.run.folder import read_frozen
from leyden.run.hyperparameters import Scalar, ShortHyperparameters, short_hyperparameters
from leyden.run.swept import swept_values


@contextmanager
def board_folder(runs: Sequence[BoardRun]) -> Iterator[Path]:
    """A folder with a link for each run, which is removed again.

    It lies with the machine's temporary files, and not among the runs: several of them may be open
    at a time, and the folder of the runs may belong to others.
    """
    folder = Path(tempfile.mkdtemp(prefix="leyden-board-"))
    try:
        for run in runs:
            link = folder / run.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(run.folder.resolve(), target_is_directory=True)
        write_columns(folder, runs)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_columns(folder: Path, runs: Sequence[BoardRun]) -> None:
    """Writes the columns of the HPARAMS tab, and which folder each run is.

    TensorBoard would take the columns of one of the runs, whichever it finds first.
    """
    from torch.utils.tensorboard import SummaryWriter

    from leyden.compat.tensorboard import add_summary
    from leyden.loggers.hparams_table import columns_record, in_order

    found = [one for run in runs if (one := hyperparameters_of(run.record)) is not None]
    first, others = columns_of(found)
    metrics = dict.fromkeys(name for run in runs for name in run.record["metrics"])
    names = [name for name in metrics if name.startswith(("val/", "test/"))]
    rows = "\n".join(f"| {run.name} | `{run.folder}` |" for run in runs)
    with SummaryWriter(str(folder)) as writer:
        add_summary(writer, columns_record(first, others, in_order(names, monitor_of(runs))))
        writer.add_text("runs", f"| run | folder |\n|---|---|\n{rows}")


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
