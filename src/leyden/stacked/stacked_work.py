"""The work of a process that trains several runs together."""

import contextlib
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.distributed.worker import Rank
from leyden.training.run_work import RunWork

if TYPE_CHECKING:
    from leyden.stacked.interleaved import StackedRun


@dataclass(frozen=True)
class StackedWork:
    """Executes runs that can be stacked; how each of them ends is in its record.

    Attributes:
        folder: Folder of the first run; its log takes what the process prints.
        runs: The runs, each with its folder, observer and extension.
    """

    folder: Path
    runs: tuple[RunWork, ...]

    def __call__(self, rank: Rank) -> None:
        from leyden.run.record import Record
        from leyden.stacked.interleaved import run_interleaved
        from leyden.training.execute import execute

        def job(run: RunWork) -> "Callable[[StackedRun], None]":
            def execute_one(stacked: "StackedRun") -> None:
                with contextlib.suppress(BaseException):  # the record and the log say why
                    execute(
                        Record.read(run.folder),
                        observer=copy(run.observer),  # each shows a run of its own
                        callbacks=run.callbacks,
                        on_build=stacked.attach,
                    )

            return execute_one

        run_interleaved([job(run) for run in self.runs])
