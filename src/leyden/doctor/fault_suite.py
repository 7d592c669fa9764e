"""Runs that are disturbed on purpose, here, and whether they end as if nothing had happened."""

import os
import runpy
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from leyden.distributed.forkserver import start_forkserver
from leyden.distributed.resources import ProcessEnvironment
from leyden.doctor.disk import existing
from leyden.doctor.examination import Row, failed, passed
from leyden.files.temporary import temporary_folder
from leyden.run.checkpoints import LAST, checkpoints_in, find_checkpoint, read_weights
from leyden.run.folder import outputs_folder
from leyden.run.record import Record
from leyden.testing.faults import kill_at_change

STEPS, EVERY, DISTURBED = 12, 3, 8
"""A run's steps; from one checkpoint to the next; and the step that is disturbed."""

WORDS = (
    "train",
    "model.width=16",
    f"trainer.max_steps={STEPS}",
    "trainer.accelerator=cpu",
    "trainer.log_every_n_steps=1",
    f"resume.every_steps={EVERY}",
    "callbacks.graph=null",
    "callbacks.predictions=null",
    "logger.tensorboard=null",
)
WHOLE = "whole"
SECONDS = 60
EARLY = (4, 14)
"""Changes of files before a run's record is there: of its lock, and of its frozen config."""

IN_A_SWEEP = 36
ADVICE = "runs here can't be trusted to survive it; please report this"


@dataclass(frozen=True)
class DisturbedCommand:
    """A command line in a process of its own, which a fault may kill.

    Attributes:
        folder: Folder in which the command runs.
        words: The command line.
        fault: See `leyden.testing.faults`; empty: none.
        change: Before which change of a file it is killed; 0: before none.
    """

    folder: Path
    words: tuple[str, ...]
    fault: str
    change: int
    environment: ProcessEnvironment

    def __call__(self) -> None:
        """Runs it and ends the process with its exit status."""
        self.environment.enter()
        os.chdir(self.folder)
        os.environ["LEYDEN_FAULT"] = self.fault
        file = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(file, stream)
        if self.change:
            kill_at_change(self.folder, self.change)
        sys.argv = ["leyden", *self.words]
        runpy.run_module("leyden", run_name="__main__", alter_sys=True)  # as `python -m leyden`


def exit_status(command: DisturbedCommand, *, seconds: float) -> int | None:
    """Runs a command; its exit status, negative for a signal, or None if it takes too long."""
    process = start_forkserver().Process(target=command)
    process.start()
    process.join(seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    return process.exitcode


@dataclass(frozen=True)
class Suite:
    """The runs of the suite, in a folder of their own."""

    folder: Path

    def train(self, name: str, *words: str, fault: str = "", change: int = 0) -> int | None:
        """Begins a run, or resumes it; its exit status, negative for a signal."""
        words = (*WORDS, f"run_dir={name}", *words)
        return exit_status(
            DisturbedCommand(self.folder, words, fault, change, ProcessEnvironment()),
            seconds=SECONDS,
        )

    def differs(self, name: str, whole: str = WHOLE) -> str | None:
        """Why a run is not the undisturbed one to the bit, or None if it is."""
        records = [Record.read(self.folder / one) for one in (whole, name)]
        if records[1].status != "completed":
            return f"it ended as {records[1].status}"
        if records[0].losses != records[1].losses:
            return "its losses are others"
        paths = [find_checkpoint(self.folder / one, "last") for one in (whole, name)]
        before, after = (read_weights(path) for path in paths if path is not None)
        if [key for key in before if not torch.equal(before[key], after[key])]:
            return "its weights are others"
        return None

    def newest(self, name: str) -> Path:
        """The newest checkpoint of a run."""
        return checkpoints_in(self.folder / name / "checkpoints", LAST)[0][0]


def fault_rows() -> Iterator[Row]:
    """A row for each fault, as soon as it is known."""
    place = existing(outputs_folder())
    with temporary_folder(place, ".leyden-doctor-") as temporary:
        suite = Suite(temporary)
        status = suite.train(WHOLE)
        if status != 0:
            log = (suite.folder / "log.txt").read_text(encoding="utf-8").strip().splitlines()
            ended = f"did not end in {SECONDS} s" if status is None else f"exit status {status}"
            yield failed("a short run", f"{ended}: {log[-1] if log else 'it says nothing'}")
            return
        yield passed("a short run", f"{STEPS} steps of an MLP on digits")
        for check in (killed, killed_early, damaged, full_disk, told_to_stop, killed_sweep):
            try:
                yield check(suite)
            except Exception as error:
                name = check.__name__.replace("_", " ")
                yield failed(f"fault: {name}", f"{type(error).__name__}: {error}; {ADVICE}")


def killed(suite: Suite) -> Row:
    """SIGKILL, and the same command again."""
    check, status = "fault: kill -9", suite.train("killed", fault=f"SIGKILL@step:{DISTURBED}")
    if status != -9:
        return failed(check, f"the run ended with {status} instead; {ADVICE}")
    shutil.copytree(suite.folder / "killed", suite.folder / "damaged")
    suite.train("killed")
    difference = suite.differs("killed")
    if difference:
        return failed(check, f"resumed, {difference}; {ADVICE}")
    return passed(check, "resumed, the weights are the same to the bit")


def killed_early(suite: Suite) -> Row:
    """SIGKILL before the run's record is there, at two moments, and the same command again."""
    check = "fault: kill -9 at begin"
    for change in EARLY:
        name = f"early{change}"
        status = suite.train(name, change=change)
        if status != -9:
            return failed(check, f"the run ended with {status} instead; {ADVICE}")
        suite.train(name)
        difference = suite.differs(name)
        if difference:
            return failed(check, f"begun again, {difference}; {ADVICE}")
    return passed(check, "begun again, the weights are the same to the bit")


def killed_sweep(suite: Suite) -> Row:
    """SIGKILL to a sweep while its second job runs, and the same command again."""
    check, words = "fault: kill -9 of a sweep", ("-m", "seed=0,1", "hydra.launcher.slots=1")
    status = suite.train("sweep", *words, change=IN_A_SWEEP)
    if status != -9:
        return failed(check, f"the sweep ended with {status} instead; {ADVICE}")
    status = suite.train("sweep", *words)
    if status != 0:
        return failed(check, f"given again, it ended with {status}; {ADVICE}")
    suite.train("whole-sweep", *words)  # its jobs have other threads than a run has
    for job in (suite.folder / "whole-sweep").glob("seed*"):
        difference = suite.differs(f"sweep/{job.name}", f"whole-sweep/{job.name}")
        if difference:
            return failed(check, f"given again, {difference}; {ADVICE}")
    return passed(check, "given again, both jobs completed, the weights the same to the bit")


def damaged(suite: Suite) -> Row:
    """The run that was killed, whose newest checkpoint then lost a bit."""
    check, newest = "fault: damaged checkpoint", suite.newest("damaged")
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    suite.train("damaged")
    difference = suite.differs("damaged")
    if difference:
        return failed(check, f"resumed, {difference}; {ADVICE}")
    said = (suite.folder / "damaged" / "train.log").read_text(encoding="utf-8")
    if newest.name not in said:
        return failed(check, f"it was taken without a word; {ADVICE}")
    return passed(check, "noticed; from the one before it, the same weights to the bit")


def full_disk(suite: Suite) -> Row:
    """No room for the second checkpoint."""
    check, status = "fault: full disk", suite.train("full", fault="ENOSPC@save:2:fsync")
    said = (suite.folder / "full" / "train.log").read_text(encoding="utf-8")
    if os.strerror(28) not in said:
        return failed(check, f"a checkpoint that could not be written was not reported; {ADVICE}")
    difference = suite.differs("full") if status == 0 else f"it ended with {status}"
    if difference:
        return failed(check, f"{difference}; {ADVICE}")
    return passed(check, "reported; the run went on and wrote the next checkpoint")


def told_to_stop(suite: Suite) -> Row:
    """SIGTERM, as clusters send it, and the same command again."""
    check, status = "fault: SIGTERM", suite.train("stopped", fault=f"SIGTERM@step:{DISTURBED}")
    if status != 75:
        return failed(check, f"exit status {status} instead of 75; {ADVICE}")
    suite.train("stopped")
    difference = suite.differs("stopped")
    if difference:
        return failed(check, f"resumed, {difference}; {ADVICE}")
    return passed(check, "exit status 75 after the step; resumed, the same to the bit")
