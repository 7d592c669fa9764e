"""What Slurm says of this user's jobs, by `squeue`, which unlike `sacct` needs no accounting."""

import os
import re
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

WAITING = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD"})
OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)
"""States that a job does not leave (https://slurm.schedmd.com/job_state_codes.html); all others are
those of a job that runs or is just ending."""

STATE_ERRORS = {
    "CANCELLED": ("cancelled", "was cancelled (scancel)"),
    "DEADLINE": ("cancelled", "was cancelled at its deadline"),
    "TIMEOUT": ("timeout", "was killed at its time limit, before it had ended by itself"),
    "OUT_OF_MEMORY": ("SIGKILL", "was killed: it used more memory than it had asked for"),
    "NODE_FAIL": ("crashed", "was lost with its node"),
    "BOOT_FAIL": ("crashed", "was lost: its node did not start"),
    "PREEMPTED": ("crashed", "was preempted and not put into the queue again"),
}
"""Type and message for a job that has left no result, by its state in Slurm."""

FORGOTTEN = "FORGOTTEN"
"""Slurm no longer knows the job: it ended more than `MinJobAge` (five minutes) ago."""

FIRST_SECONDS, MOST_SECONDS = 2.0, 30.0
"""Between two looks: many of them load the controller of a whole cluster, so they become rare while
nothing changes. Jobs that end by themselves say so in a file."""

SECONDS_FOR_AN_ANSWER = 60.0


@dataclass(frozen=True)
class QueuedJob:
    """A job as Slurm knows it.

    Attributes:
        number: Number by which Slurm calls it.
        name: See `slurm_name`.
        state: State in the words of Slurm, such as PENDING.
        reason: Why it is in that state, such as Resources.
    """

    number: str
    name: str
    state: str
    reason: str


class SlurmQueue:
    """The jobs of this user, asked for all at once.

    Attributes:
        error: What Slurm said when it did not answer the last time; None: it answered.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, QueuedJob] = {}
        self.error: str | None = None
        self.seconds = FIRST_SECONDS
        self.looked = -MOST_SECONDS

    def look(self, *, is_due: bool = False) -> bool:
        """Asks Slurm, where it is time to.

        Args:
            is_due: It is in any case.

        Returns:
            Whether there is an answer that was not there before.
        """
        if not is_due and time.monotonic() < self.looked + self.seconds:
            return False
        try:
            answer = asked()
        except (OSError, subprocess.SubprocessError) as error:
            said = error.stderr if isinstance(error, subprocess.CalledProcessError) else None
            self.error = last_line(said or str(error))
            jobs = self.jobs
        else:
            self.error = None
            jobs = {job.number: job for job in answer}
        self.seconds = min(MOST_SECONDS, 1.5 * self.seconds)
        if is_due or jobs != self.jobs:
            self.seconds = FIRST_SECONDS
        self.jobs, self.looked = jobs, time.monotonic()
        return self.error is None

    def state(self, number: str) -> str:
        """A job's state at the last look."""
        return self.jobs[number].state if number in self.jobs else FORGOTTEN

    def find(self, name: str) -> QueuedJob | None:
        """The job of this name that is not over."""
        alive = (job for job in self.jobs.values() if job.state not in OVER)
        return next((job for job in alive if job.name == name), None)


def asked() -> list[QueuedJob]:
    """All jobs of this user that Slurm knows.

    Raises:
        OSError: There is no `squeue`.
        subprocess.SubprocessError: Slurm does not answer.
    """
    words = ["squeue", "--noheader", "--states=all", "--format=%i|%j|%T|%r"]
    done = subprocess.run(
        [*words, f"--user={os.getuid()}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS_FOR_AN_ANSWER,
    )
    rows = (line.split("|") for line in done.stdout.splitlines())
    return [QueuedJob(*row) for row in rows if len(row) == 4]  # others' names may hold anything


def scancel(*words: str) -> None:
    """Cancels jobs; one that is over, or a Slurm that does not answer, is seen at the next look."""
    with suppress(OSError, subprocess.SubprocessError):
        subprocess.run(
            ["scancel", *words],
            capture_output=True,
            check=False,
            timeout=SECONDS_FOR_AN_ANSWER,
        )


def last_line(text: str) -> str:
    """The last line of what a command has said."""
    return next(reversed(text.strip().splitlines()), "")


def slurm_name(folder: Path) -> str:
    """The name of a job in Slurm, by which a later start of the sweep finds it again.

    Args:
        folder: Folder of the run.
    """
    folder = folder.resolve()
    readable = re.sub(r"[^A-Za-z0-9_.-]", "_", folder.name)
    return f"{readable[:60]}.{sha256(str(folder).encode()).hexdigest()[:12]}"
