"""Kills runs at random moments until they are done, and compares them with undisturbed ones.

    python -m tests.chaos.rounds                        # 20 rounds for each of four families
    python -m tests.chaos.rounds --family gpt --rounds 5 --seed 3

A round is one start of the run, which a signal ends: SIGKILL, SIGTERM, or SIGTERM and at once
another; after so many of them the run is left alone. Checkpoints are written every second step,
and every other signal waits for one that is being written.
"""

import argparse
import hashlib
import itertools
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from leyden.config.compose import compose_plan
from leyden.config.fit import fit_to_data
from leyden.config.request import Request
from leyden.processes import JobProcesses
from leyden.runs.checkpoints import LAST, find_checkpoint, find_sound
from leyden.runs.record import Record
from leyden.train import prepare

FAMILIES = {
    "mlp": ("model.width=64", "model.dropout=0.2", "data.translate=1"),
    "cnn": ("model=cnn", "model.width=8", "model.norm=batch", "model.dropout=0.1"),
    "rnn": ("model=rnn", "model.width=32", "model.depth=2", "model.dropout=0.2"),
    "gpt": (
        *("model=gpt", "data=stdlib_text", "model.width=32", "model.depth=2", "model.dropout=0.1"),
        *("model.head_dim=16", "data.context=32", "data.batch_size=16", "data.max_bytes=60000"),
    ),
}
LENGTH = ("trainer.max_epochs=null", "trainer.check_val_every_n_epoch=null")
QUIET = (
    *("trainer.accelerator=cpu", "trainer.log_every_n_steps=1", "resume.every_steps=2"),
    *("callbacks.graph=null", "callbacks.predictions=null", "callbacks.samples=null"),
)
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)
MOST_SECONDS = 120.0
"""A start that takes longer than this has hung."""


@dataclass
class Chaos:
    """What happened to a run.

    Attributes:
        rounds: Starts that were ended.
        kills: By SIGKILL.
        while_saving: A checkpoint was being written when the signal came.
        fallen_back: A checkpoint was found damaged; there should be none.
        expected: Digest of the undisturbed run.
        found: Digest of this one.
    """

    rounds: int = 0
    kills: int = 0
    while_saving: int = 0
    fallen_back: list[str] = field(default_factory=list)
    expected: str = ""
    found: str = ""


def torment(family: str, *, rounds: int, seed: int, steps: int, folder: Path) -> Chaos:
    """Runs a family undisturbed, and then with interruptions.

    Args:
        family: See `FAMILIES`.
        rounds: Interruptions.
        seed: Of the moments and the signals.
        steps: Optimizer steps of the run.
        folder: Empty.
    """
    words = (*FAMILIES[family], *LENGTH, *QUIET)
    words += (f"trainer.max_steps={steps}", f"trainer.val_check_interval={max(2, steps // 6)}")
    (job,) = compose_plan(Request(words)).jobs
    fitted = fit_to_data(job.cfg)
    numbers = itertools.count()

    def new_run() -> Path:
        path = folder / str(next(numbers))
        prepare(job, fitted, command=[], folder=path)
        return path

    result = Chaos(expected=finished(new_run()))
    result.found = result.expected
    chance = random.Random(seed)
    torn = new_run()
    while result.rounds < rounds and result.found == result.expected:
        begin = step_of(torn)
        # So that all rounds together go through the run, whatever the machine's speed.
        until = begin + chance.uniform(0.0, 2.0 * (steps - begin) / (rounds - result.rounds + 1))
        is_done = not interrupt(torn, until, chance, result)
        result.fallen_back += damaged(torn)
        if is_done:  # it was faster than the signals: the rest of them is for another run
            result.found = digest(torn)
            torn = new_run()
    if result.found == result.expected:
        result.found = finished(torn)
    return result


def damaged(folder: Path) -> list[str]:
    """What is wrong with checkpoints that were finished: those whose marker was written."""
    _, defects = find_sound(folder, LAST)
    return [defect for defect in defects if "has no marker" not in defect]


def finished(folder: Path) -> str:
    """Lets a run come to its end; its digest."""
    assert JobProcesses(folder).wait() == 0, (folder / "train.log").read_text()
    return digest(folder)


def interrupt(folder: Path, until: float, chance: random.Random, result: Chaos) -> bool:
    """Starts the run and ends it a random moment after a step; False if it was done before."""
    job = JobProcesses(folder)
    (process,) = job.processes
    deadline = time.monotonic() + MOST_SECONDS
    while step_of(folder) < until and process.is_alive():
        assert time.monotonic() < deadline, "the run hangs"
        time.sleep(0.002)
    while_saving = time.monotonic() + (chance.random() < 0.5)
    while time.monotonic() < while_saving and not is_saving(folder) and process.is_alive():
        pass
    time.sleep(chance.uniform(0.0, 0.005))
    number, is_caught = chance.choice(SIGNALS), is_saving(folder)
    if not process.is_alive() or process.pid is None:
        return Record.read(folder).status != "completed"
    os.kill(process.pid, number)
    if chance.random() < 0.5:
        job.stop()
    job.wait()
    result.rounds += 1
    result.kills += number == signal.SIGKILL
    result.while_saving += is_caught
    return Record.read(folder).status != "completed"


def is_saving(folder: Path) -> bool:
    """Whether a checkpoint is being written."""
    return any((folder / "checkpoints").glob(".*.part"))


def step_of(folder: Path) -> int:
    """The newest step of which there is a finished checkpoint, 0 where there is none."""
    paths = (folder / "checkpoints").glob("step-*.json")
    return max((int(path.stem.partition("-")[2]) for path in paths), default=0)


def digest(folder: Path) -> str:
    """sha256 of the weights and the optimizer's state at the end of a run."""
    path = find_checkpoint(folder, "last")
    assert path is not None
    content = torch.load(path, weights_only=True)
    sha256 = hashlib.sha256(str(content["global_step"]).encode())
    for part in ("state_dict", "optimizer_states", "lr_schedulers"):
        feed(sha256, content[part])
    return sha256.hexdigest()


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
    """Prints a row for each family; 1 if one of them came to other weights."""
    parser = argparse.ArgumentParser(description="kill runs at random moments")
    parser.add_argument("--family", choices=FAMILIES, action="append")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(f"{'family':8}{'rounds':>8}{'SIGKILL':>9}{'saving':>8}{'damaged':>9}  result")
    is_good = True
    for family in asked.family or FAMILIES:
        folder = Path(tempfile.mkdtemp(prefix="leyden-chaos-"))
        result = torment(
            family, rounds=asked.rounds, seed=asked.seed, steps=asked.steps, folder=folder
        )
        is_same = result.found == result.expected
        is_good = is_good and is_same and not result.fallen_back
        said = f"same sha256 {result.found[:12]}" if is_same else f"DIFFERENT, see {folder}"
        print(
            f"{family:8}{result.rounds:8}{result.kills:9}{result.while_saving:8}"
            f"{len(result.fallen_back):9}  {said}",
            flush=True,
        )
        if is_same:
            shutil.rmtree(folder)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
