"""TensorBoard's event file, in the run's folder itself."""

import time
import weakref
from collections.abc import Mapping
from pathlib import Path

from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary

from leyden.compat.tensorboard import add_event

SECONDS_BETWEEN = 1.0
"""To wake the thread that writes takes as long as a step of a small network."""


class TensorBoard(TensorBoardLogger):
    """Lightning's logger without its subfolders and without the empty `hparams.yaml`.

    Args:
        save_dir: Folder of the run.
        flush_seconds: Longest wait until a value can be seen in TensorBoard.
    """

    def __init__(self, save_dir: Path, *, flush_seconds: int = 10) -> None:
        super().__init__(
            save_dir, name="", version="", default_hp_metric=False, flush_secs=flush_seconds
        )
        self.said: tuple[int | None, dict[str, float]] | None = None
        self.waiting: list[Event] = []
        self.handed_over_when = 0.0
        self.closing: weakref.finalize[[], TensorBoard] | None = None

    @rank_zero_only
    def resume_from(self, step: int | None) -> None:
        """Lets TensorBoard drop what was logged after `step`, which will come again."""
        if any(Path(self.save_dir or "").glob("events.out.*")):
            self._kwargs["purge_step"] = step or 0

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """All but Lightning's `epoch`, which is no metric; together, in one record."""
        said = (step, {k: v for k, v in metrics.items() if k != "epoch"})
        if said != self.said:  # before a checkpoint the step is logged at once, and later again
            values = [
                Summary.Value(tag=name, simple_value=value) for name, value in said[1].items()
            ]
            event = Event(wall_time=time.time(), step=step, summary=Summary(value=values))
            self.waiting.append(event)
        self.said = said
        if time.monotonic() > self.handed_over_when + SECONDS_BETWEEN:
            self._hand_over()

    @rank_zero_only
    def keep(self) -> None:
        """Writes to the disk what waits for the next time."""
        self._hand_over()
        self.experiment.flush()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Writes what waits. The file stays open: the test comes after training, in the same file.

        It is closed when the run has ended, or else with the logger.
        """
        if self._experiment is None and not self.waiting:
            return
        self.keep()
        if self.closing is None:
            self.closing = weakref.finalize(self, self.experiment.close)

    @rank_zero_only
    def close_file(self) -> None:
        """Closes the file; the run has ended."""
        if self.closing is not None:
            self.closing()

    def _hand_over(self) -> None:
        """Gives the events that wait to the thread that writes them."""
        for event in self.waiting:
            add_event(self.experiment, event)
        self.waiting = []
        self.handed_over_when = time.monotonic()

    @rank_zero_only
    def save(self) -> None:
        """Nothing: the event file is flushed by itself."""
