"""Ends commands at random moments until they are done, and compares them with undisturbed ones.

    python -m tests.chaos.rounds                        # 20 rounds of each family and command
    python -m tests.chaos.rounds --family gpt --command sweep --rounds 5 --seed 3

A round is one start of a command, which a signal ends: to the command, to its group, or to one of
its jobs; then the same command is given again at once. After so many rounds it is left alone.
Checkpoints are written every second step, and every other signal waits up to a second for one that
is being written. Equal are the weights, the states of the optimizers, and the steps in
`metrics.csv`, to the bit; in a stack the losses, to rounding, for a job that goes on without the
others is computed alone.
"""

import argparse
import contextlib
import csv
import hashlib
import itertools
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

import torch

from leyden.run.checkpoints import LAST, find_checkpoint, find_intact
from tests.commands import Process, WarmStart, start_logged

FAMILIES = {
    "mlp": ("model.width=64", "model.dropout=0.2", "data.translate=1"),
    "cnn": ("model=cnn", "model.width=8", "model.norm=batch", "model.dropout=0.1"),
    "rnn": ("model=rnn", "model.width=32", "model.depth=2", "model.dropout=0.2"),
    "gpt": (
        *("model=gpt", "data=stdlib_text", "model.width=32", "model.depth=2", "model.dropout=0.1"),
        *("model.head_dim=16", "data.context=32", "data.batch_size=16", "data.max_bytes=60000"),
    ),
}
SEARCH = (
    *("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.launcher.slots=1"),
    "optimizer.lr=interval(0.001,0.01)",
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("train",),
    "resume": ("train",),
    "sweep": ("train", "-m", "seed=0,1", "hydra.launcher.slots=2"),
    "search": ("train", "-m", *SEARCH),
    "stacked": ("train", "-m", "seed=0,1", "hydra/launcher=stacked"),
}
COMMON = (
    *("run_dir=it", "trainer.max_epochs=null", "trainer.check_val_every_n_epoch=null"),
    *("trainer.accelerator=cpu", "trainer.log_every_n_steps=1", "resume.every_steps=2"),
    *("callbacks.graph=null", "callbacks.predictions=null", "callbacks.samples=null"),
    *("sweep.report=false", "sweep.retry=99", "baselines=null"),
)
MOST_SECONDS = 120.0
"""A start that takes longer than this has hung."""


@dataclass
class Chaos:
    """What happened to a command.

    Attributes:
        rounds: Starts that were ended.
        kills: By SIGKILL.
        while_saving: A checkpoint was being written when the signal came.
        fallen_back: A checkpoint was found damaged; there should be none.
        digest: Of what the undisturbed command came to.
        difference: What another one came to instead; None: to the same.
    """

    rounds: int = 0
    kills: int = 0
    while_saving: int = 0
    fallen_back: list[str] = field(default_factory=list)
    digest: str = ""
    difference: str | None = None


@dataclass(frozen=True)
class Subject:
    """A command that is tormented.

    Attributes:
        warm: What starts it.
        command: See `COMMANDS`.
        words: The command line.
    """

    warm: WarmStart
    command: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, warm: WarmStart, family: str, command: str, steps: int) -> "Subject":
        length = (f"trainer.max_steps={steps}", f"trainer.val_check_interval={max(2, steps // 6)}")
        words, is_sweep = COMMANDS[command], "-m" in COMMANDS[command]
        common = [word for word in COMMON if is_sweep or not word.startswith("sweep.")]
        return cls(warm, command, (*words, *FAMILIES[family], *common, *length))

    def start(self, folder: Path) -> Process:
        """Begins it, or goes on with it."""
        words = self.words
        if self.command == "resume" and (folder / "it" / "run.json").exists():
            words = ("resume", "it")
        return start_logged(self.warm, words, folder)

    def finish(self, folder: Path) -> Path:
        """Lets it come to its end."""
        status = self.start(folder).wait(MOST_SECONDS)
        assert status == 0, (folder / "log.txt").read_text()
        return folder

    def difference(self, whole: Path, torn: Path) -> str | None:
        """What runs have come to instead of what undisturbed ones have; None if to the same."""
        if outcome(whole) == outcome(torn):
            return None
        names = [path.name for path in runs_in(whole)]
        if self.command != "stacked" or names != [path.name for path in runs_in(torn)]:
            return "other digests"
        pairs = zip(runs_in(whole), runs_in(torn), strict=True)
        return next(filter(None, (unlike(*pair) for pair in pairs)), None)


def torment(
    warm: WarmStart,
    family: str,
    *,
    command: str = "run",
    rounds: int,
    seed: int,
    steps: int,
    folder: Path,
) -> Chaos:
    """Lets a command run undisturbed, and then with interruptions.

    Args:
        warm: What starts it.
        family: See `FAMILIES`.
        command: See `COMMANDS`.
        rounds: Interruptions.
        seed: Of the moments and the signals.
        steps: Optimizer steps of each run.
        folder: Empty.
    """
    subject, numbers = Subject.of(warm, family, command, steps), itertools.count()

    def new_folder() -> Path:
        path = folder / str(next(numbers))
        path.mkdir()
        return path

    whole = subject.finish(new_folder())
    result = Chaos(digest=outcome(whole))
    chance = random.Random(seed)
    torn, all_steps = new_folder(), steps * (2 if "-m" in subject.words else 1)
    while result.rounds < rounds and result.difference is None:
        begin = progress(torn)
        # So that all rounds together go through the command, whatever the machine's speed.
        left = 2.0 * (all_steps - begin) / (rounds - result.rounds + 1)
        is_done = not interrupt(subject, torn, begin + chance.uniform(0.0, left), chance, result)
        result.fallen_back += damaged(torn)
        if is_done:  # it was faster than the signals: the rest of them is for another one
            result.difference = subject.difference(whole, torn)
            torn = new_folder()
    if result.difference is None:
        result.difference = subject.difference(whole, subject.finish(torn))
    return result


def interrupt(
    subject: Subject, folder: Path, until: float, chance: random.Random, result: Chaos
) -> bool:
    """Starts a command and ends it a random moment after a step; False if it was done before."""
    process = subject.start(folder)
    deadline = time.monotonic() + MOST_SECONDS
    while progress(folder) < until and process.poll() is None:
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.002)
    while_saving = time.monotonic() + (chance.random() < 0.5)
    while time.monotonic() < while_saving and not is_saving(folder) and process.poll() is None:
        pass
    time.sleep(chance.uniform(0.0, 0.005))
    is_caught, send = is_saving(folder), chance.choice([*SIGNALS])
    if process.poll() is not None:
        assert process.returncode == 0, (folder / "log.txt").read_text()
        return False
    result.kills += SIGNALS[send](process, folder) == signal.SIGKILL
    if chance.random() < 0.5 or send.startswith("job"):
        to(process.pid, signal.SIGTERM)
    with contextlib.suppress(TimeoutExpired):
        process.wait(MOST_SECONDS)
    assert process.returncode is not None, "it hangs"
    result.rounds += 1
    result.while_saving += is_caught
    return process.returncode != 0


def to(pid: int | None, number: int, *, group: bool = False) -> int:
    """Sends a signal, if the process is there still."""
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number) if group else os.kill(pid, number)
    return number


def to_a_job(process: Process, folder: Path, number: int) -> int:
    """Sends a signal to one of the runs of a command."""
    for path in sorted(folder.glob("it/**/run.json")):
        record = json.loads(path.read_text())
        if record["status"] == "running" and record["process"]:
            return to(record["process"]["pid"], number)
    return to(process.pid, number)


SIGNALS: dict[str, Callable[[Process, Path], int]] = {
    "command killed": lambda process, _: to(process.pid, signal.SIGKILL),
    "command told to stop": lambda process, _: to(process.pid, signal.SIGTERM),
    "Ctrl-C": lambda process, _: to(process.pid, signal.SIGINT, group=True),
    "group killed": lambda process, _: to(process.pid, signal.SIGKILL, group=True),
    "group told to stop": lambda process, _: to(process.pid, signal.SIGTERM, group=True),
    "job killed": lambda process, folder: to_a_job(process, folder, signal.SIGKILL),
    "job told to stop": lambda process, folder: to_a_job(process, folder, signal.SIGTERM),
}


def runs_in(folder: Path) -> list[Path]:
    """The folders of a command's runs."""
    return sorted(path.parent for path in folder.glob("it/**/run.json"))


def damaged(folder: Path) -> list[str]:
    """What is wrong with checkpoints that were finished: those whose marker was written."""
    defects = [one for run in runs_in(folder) for one in find_intact(run, LAST)[1]]
    return [defect for defect in defects if "has no marker" not in defect]


def is_saving(folder: Path) -> bool:
    """Whether a checkpoint is being written."""
    return any(folder.glob("it/**/checkpoints/.*.part"))


def progress(folder: Path) -> int:
    """Over all runs, the newest step of which there is a finished checkpoint."""
    return sum(step_of(run) for run in runs_in(folder))


def step_of(folder: Path) -> int:
    """The newest step of which there is a finished checkpoint, 0 where there is none."""
    paths = (folder / "checkpoints").glob("step-*.json")
    return max((int(path.stem.partition("-")[2]) for path in paths), default=0)


def outcome(folder: Path) -> str:
    """sha256 of what the runs of a command have come to."""
    return hashlib.sha256("".join(map(digest, runs_in(folder))).encode()).hexdigest()


def digest(folder: Path) -> str:
    """sha256 of weights, optimizer and logged steps at the end of a run."""
    path = find_checkpoint(folder, "last")
    assert path is not None
    content = torch.load(path, weights_only=True)
    sha256 = hashlib.sha256(f"{folder.name} {content['global_step']}".encode())
    for part in ("state_dict", "optimizer_states", "lr_schedulers"):
        feed(sha256, content[part])
    with (folder / "metrics.csv").open(newline="") as file:
        feed(sha256, [(row["step"], row["train/loss"]) for row in csv.DictReader(file)])
    return sha256.hexdigest()


def unlike(whole: Path, torn: Path) -> str | None:
    """What of a run's way is not what it should be, to rounding.

    Losses are compared and not weights: a bias before a batch norm has a gradient of rounding
    errors alone, of which AdamW makes steps of full length, without an effect on any output.
    """
    before, after = losses(whole), losses(torn)
    if before.keys() != after.keys():
        return f"other steps in {torn.name}"
    for row, loss in before.items():
        if not math.isclose(loss, after[row], rel_tol=1e-3):
            return f"another loss in {torn.name}: {row[1]} at step {row[0]}"
    return None


def losses(folder: Path) -> dict[tuple[str, str], float]:
    """The losses of a run, by step and name."""
    with (folder / "metrics.csv").open(newline="") as file:
        return {
            (row["step"], name): float(row[name])
            for row in csv.DictReader(file)
            for name in ("train/loss", "val/loss")
            if row[name]
        }


def feed(sha256: Any, state: Any) -> None:
    """Digests nested values in their order."""
    if isinstance(state, torch.Tensor):
        sha256.update(state.contiguous().flatten().view(torch.uint8).numpy().tobytes())
    elif isinstance(state, dict):
        for key, value in state.items():
            sha256.update(str(key).encode())
            feed(sha256, value)
    elif isinstance(state, list | tuple):
        for value in state:
            feed(sha256, value)
    else:
        sha256.update(repr(state).encode())


def main() -> int:
    """Prints a row for each family and command; 1 if one of them came to something else."""
    parser = argparse.ArgumentParser(description="end commands at random moments")
    parser.add_argument("--family", choices=FAMILIES, action="append")
    parser.add_argument("--command", choices=COMMANDS, action="append")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(f"{'':14}{'rounds':>8}{'SIGKILL':>9}{'saving':>8}{'damaged':>9}  result")
    is_good, warm = True, WarmStart()
    pairs = itertools.product(asked.family or FAMILIES, asked.command or COMMANDS)
    for family, command in pairs:
        folder = Path(tempfile.mkdtemp(prefix="leyden-chaos-"))
        result = torment(
            warm,
            family,
            command=command,
            rounds=asked.rounds,
            seed=asked.seed,
            steps=asked.steps,
            folder=folder,
        )
        is_same = result.difference is None
        is_good = is_good and is_same and not result.fallen_back
        said = f"as {result.digest[:12]}" if is_same else f"{result.difference}, see {folder}"
        print(
            f"{family:5}{command:9}{result.rounds:8}{result.kills:9}{result.while_saving:8}"
            f"{len(result.fallen_back):9}  {said}",
            flush=True,
        )
        if is_same:
            shutil.rmtree(folder)
    warm.close()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
