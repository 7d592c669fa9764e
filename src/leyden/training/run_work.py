"""The work of a job's processes: one run, executed from its folder.

Whoever starts a job, or only watches it, imports this; torch comes with the run itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from leyden.distributed.failures import record_failure
from leyden.distributed.worker import Rank
from leyden.events import Observer, log_notes
from leyden.run.folder import read_frozen

if TYPE_CHECKING:
    from pytorch_lightning import Callback

    from leyden.run.record import Record


class Extension(Protocol):
    """What a run is given by whoever has it executed, such as a search."""

    def callbacks(self) -> Sequence["Callback"]:
        """Callbacks beside those of the config, made in the process of the run."""


@dataclass(frozen=True)
class RunWork:
    """Executes a run.

    Attributes:
        folder: Folder of the run, with its frozen config and record.
        observer: Is told of the events of the run.
        extension: What the run is given besides; None: nothing.
    """

    folder: Path
    observer: Observer = log_notes
    extension: Extension | None = None

    def __call__(self, rank: Rank) -> None:
        from leyden.run.record import Record
        from leyden.training.execute import execute

        record = Record.read(self.folder)
        record.is_writer = rank.number == 0
        try:
            self._meet(record, rank)
            execute(record, observer=self.observer, callbacks=self.callbacks)
        except BaseException as error:
            if rank.world_size > 1:
                record_failure(self.folder, rank.number, error)
            raise

    def callbacks(self) -> Sequence["Callback"]:
        """Callbacks beside those of the config."""
        return () if self.extension is None else self.extension.callbacks()

    def _meet(self, record: "Record", rank: Rank) -> None:
        """Waits for the run's other processes; the record says if they don't come."""
        from leyden.run.record import describe, status_after

        if rank.world_size == 1:
            return
        try:
            rank.join(timeout=read_frozen(self.folder).trainer.timeout)
        except BaseException as error:
            record.status, record.error = status_after(error), describe(error)
            record.write()
            raise
