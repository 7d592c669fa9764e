"""What Slurm runs: a job for as long as its time lasts, and then the request for more time."""

import os
import signal
import subprocess
import sys
import time
from types import FrameType
from typing import TYPE_CHECKING

from leyden.sweeps.launchers.supervise import Supervised, newest_step, status_of

if TYPE_CHECKING:
    from submitit.helpers import DelayedSubmission

SAVED = 75
"""Exit status of a job that Slurm has ended: it can resume from its checkpoint."""


class Submitted:
    """A job, as submitit runs it in a process of its own.

    Slurm sends its signals to all processes of a job: SIGUSR2 when its time is nearly up, SIGTERM
    when it is to give way to another one, is put into the queue again or is cancelled. In each case
    the job is stopped with a checkpoint, and only once that is whole a requeue is asked for, unless
    Slurm is ending the job anyway. Slurm itself puts a job that gives way into the queue again only
    if it does not end within its grace time (`GraceTime`).

    Args:
        supervised: The job.
        minutes: Time in minutes that it may take until it is put into the queue again.
        max_requeues: How often that may happen.
        requeues: How often it has happened.
    """

    def __init__(
        self, supervised: Supervised, *, minutes: float, max_requeues: int, requeues: int = 0
    ) -> None:
        self.supervised = supervised
        self.minutes = minutes
        self.max_requeues = max_requeues
        self.requeues = requeues
        self.received: set[int] = set()
        self.is_outrun = False

    def __call__(self) -> dict[str, str] | None:
        """Runs the job; ends the process where Slurm wants that or is to start it again.

        Returns:
            What is known of its end, beside its record.
        """
        from submitit import JobEnvironment

        folder = self.supervised.folder
        time_is_up = signal.Signals[f"SIG{JobEnvironment.USR_SIG}"]
        put_into_queue = signal.getsignal(time_is_up)  # submitit's: it calls `checkpoint`
        assert callable(put_into_queue)
        signal.signal(time_is_up, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        begin, since = newest_step(folder), time.monotonic()
        try:
            error = self.supervised.run()
        except KeyboardInterrupt:  # of submitit's own executor, a second before it kills
            if time_is_up not in self.received:
                raise
            return {"type": "timeout", "message": "it had not ended when its time was over"}
        if not self.received or status_of(folder) not in ("pending", "running", "interrupted"):
            return error
        if signal.SIGTERM in self.received and not is_running_in_slurm():
            sys.exit(SAVED)
        self.is_outrun = signal.SIGTERM not in self.received
        if self.is_outrun:
            seconds = time.monotonic() - since
            reason = self._reason_to_give_up(begin, newest_step(folder), seconds=seconds)
            if reason is not None:
                return {"type": "timeout", "message": reason}
        put_into_queue(time_is_up, None)
        return error

    def checkpoint(self) -> "DelayedSubmission":
        """What is run after the requeue: the same once more."""
        from submitit.helpers import DelayedSubmission

        job = self.supervised
        again = Supervised(job.work, devices=job.devices, grace=job.grace)
        return DelayedSubmission(
            Submitted(
                again,
                minutes=self.minutes,
                max_requeues=self.max_requeues,
                requeues=self.requeues + self.is_outrun,
            )
        )

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.received.add(number)
        self.supervised.stop()

    def _reason_to_give_up(self, begin: int, end: int, *, seconds: float) -> str | None:
        """Why no more time is asked for; None: it is.

        Args:
            begin: Steps of the newest checkpoint when it began.
            end: The same, now.
            seconds: Time that it took, in seconds.
        """
        limit = f"hydra.launcher.timeout_min={self.minutes:g}"
        if end <= begin:
            where = f"step {begin}" if begin else "its start"
            return (
                f"no checkpoint since {where} when its time was up ({limit}), after "
                f"{seconds:.0f} s: once more it would get no further"
            )
        if self.requeues >= self.max_requeues:
            return (
                f"its time was up ({limit}) {self.requeues + 1} times "
                f"(hydra.launcher.max_requeues={self.max_requeues}); it is at step {end}"
            )
        return None


def is_running_in_slurm() -> bool:
    """Whether this process is in a job that Slurm is not about to end."""
    number = os.environ.get("SLURM_JOB_ID")
    if number is None or os.environ.get("SUBMITIT_EXECUTOR") != "slurm":
        return False
    words = ["squeue", "--noheader", "--format=%T", f"--jobs={number}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=20)
    return done.stdout.strip() == "RUNNING"
