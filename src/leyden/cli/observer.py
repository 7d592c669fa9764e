"""Shows on the terminal what runs and sweeps tell while they work."""

from leyden.callbacks.progress import TrainingProgress
from leyden.callbacks.step_profile import StepTimes
from leyden.cli.late_observer import LateObserver
from leyden.cli.progress_bar import ProgressBar
from leyden.cli.sweep_progress import SweepTable
from leyden.cli.sweep_summary import show_sweep_start
from leyden.cli.terminal import (
    show_data_sets,
    show_early_stop,
    show_end,
    show_failure,
    show_note,
    show_resume,
    show_start,
    show_step_times,
)
from leyden.events import Event, Note
from leyden.sweeps.events import DataRead, SweepStarted
from leyden.training.events import RunEnded, RunResumed, RunStarted, StoppedEarly


class TerminalObserver:
    """Shows the events of runs and sweeps on standard error, and results on standard output."""

    def __init__(self) -> None:
        self.progress: ProgressBar | None = None
        self.sweep: SweepTable | None = None

    def __reduce__(self) -> tuple[type[LateObserver], tuple[()]]:
        return LateObserver, ()  # a process of its own shows what happens in it

    def __call__(self, event: Event) -> None:
        match event:
            case Note():
                show_note(event.text)
            case RunStarted():
                show_start(event.record, event.cfg, event.experiment, is_fresh=event.is_fresh)
            case RunResumed():
                show_resume(event.step)
            case TrainingProgress():
                self.progress = self.progress or ProgressBar()
                self.progress.show(event)
            case StepTimes():
                show_step_times(event)
            case StoppedEarly():
                show_early_stop(event.monitor, event.patience)
            case RunEnded():
                is_complete = event.record.status == "completed"
                (show_end if is_complete else show_failure)(event.record)
            case DataRead():
                show_data_sets(event.data_sets)
            case _:
                self._show_sweep(event)

    def _show_sweep(self, event: Event) -> None:
        """Shows the events of a sweep; others are passed over."""
        if isinstance(event, SweepStarted):
            show_sweep_start(event.record, done=event.done, slots=event.slots)
            self.sweep = SweepTable(slots=event.slots, total=event.record.num_planned)
        elif self.sweep is not None:
            self.sweep.show(event)
