"""Kills a command at each of its file operations, and gives it once more.

    python -m tests.chaos.moments                       # a run, a sweep, a search and stacked jobs
    python -m tests.chaos.moments --command sweep --every 5

A command's first moments are those before its records are there; a round is one of them.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from leyden.faults import kill_at_change
from leyden.processes.forkserver import warm_up
from leyden.processes.place import World

TINY = (
    *("model.width=8", "trainer.max_steps=4", "resume.every_steps=2", "trainer.accelerator=cpu"),
    *("trainer.log_every_n_steps=1", "callbacks.graph=null", "callbacks.predictions=null"),
)
COMMANDS = {
    "run": ("train", "run_dir=it", *TINY),
    "sweep": ("train", "-m", "run_dir=it", *TINY, "seed=0,1", "hydra.launcher.slots=1"),
    "search": (
        *("train", "-m", "run_dir=it", *TINY, "optimizer.lr=interval(0.01,0.1)"),
        *("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.launcher.slots=1"),
    ),
    "stacked": ("train", "-m", "run_dir=it", *TINY, "seed=0,1", "hydra/launcher=stacked"),
}
MOST_SECONDS = 120


@dataclass(frozen=True)
class KilledAt:
    """A command line in a process of its own, which dies before one of its file operations.

    Attributes:
        folder: Where it runs; operations elsewhere are not counted.
        words: The command line.
        number: Of the operation, from 1 on; 0: it is left alone.
    """

    folder: Path
    words: tuple[str, ...]
    number: int
    world: World

    def __call__(self) -> None:
        self.world.enter()
        os.chdir(self.folder)
        log = os.open("../log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for stream in (1, 2):
            os.dup2(log, stream)
        if self.number:
            kill_at_change(self.folder, self.number)
        from leyden.cli import main

        sys.exit(main(self.words))


def give(folder: Path, words: tuple[str, ...], number: int = 0) -> int | None:
    """The exit status of a command that may be killed; None if it hangs."""
    process = warm_up().Process(target=KilledAt(folder, words, number, World()))
    process.start()
    process.join(MOST_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    return process.exitcode


def outcome(folder: Path) -> dict[str, Any]:
    """What runs have come to, by their folders; and what should not be there."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("run.json")):
        record = json.loads(path.read_text())
        found[str(path.parent.relative_to(folder))] = (record["status"], record["losses"])
        rows = (path.parent / "metrics.csv").read_text().splitlines()
        found[str(path.relative_to(folder))] = [line.partition(",")[0] for line in rows]
    for path in folder.rglob("sweep.json"):
        record = json.loads(path.read_text())
        found["sweep"] = (record["status"], [job["state"] for job in record["jobs"]])
    left = [path for name in (".*.part", ".report.*") for path in folder.rglob(name)]
    found["left"] = [path.name for path in left]
    return found


def disturbed(command: str, number: int, folder: Path, expected: dict[str, Any]) -> str | None:
    """What differs after a command was killed once and given again; None if nothing does.

    Raises:
        EOFError: It has fewer operations.
    """
    folder.mkdir()
    status = give(folder, COMMANDS[command], number)
    if status == 0:
        raise EOFError
    if status != -signal.SIGKILL:
        return f"ended with {status} instead of being killed"
    again = give(folder, COMMANDS[command])
    if again != 0:
        return f"given again it ended with {again}"
    found = outcome(folder)
    other = [key for key in {*expected, *found} if expected.get(key) != found.get(key)]
    return f"differs in {', '.join(sorted(other))}" if other else None


def undisturbed(command: str, folder: Path) -> dict[str, Any]:
    """What a command comes to when it is left alone."""
    folder.mkdir()
    status = give(folder, COMMANDS[command])
    assert status == 0, (folder.parent / "log.txt").read_text()
    return outcome(folder)


def rounds(command: str, folder: Path, *, every: int, most: int) -> tuple[int, list[str]]:
    """Kills a command at every so-maniest operation; how often, and what went wrong."""
    expected, wrong, count = undisturbed(command, folder / "whole"), [], 0
    for number in range(1, most + 1, every):
        place = folder / str(number)
        try:
            difference = disturbed(command, number, place, expected)
        except EOFError:
            break
        count += 1
        if difference is None:
            shutil.rmtree(place)
        else:
            wrong.append(f"operation {number}: {difference}, see {place}")
    return count, wrong


def main() -> int:
    """Prints a row for each command; 1 if one of them came to something else."""
    parser = argparse.ArgumentParser(description="kill commands at each file operation")
    parser.add_argument("--command", choices=COMMANDS, action="append")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--most", type=int, default=10**6)
    asked = parser.parse_args()
    is_good = True
    for command in asked.command or COMMANDS:
        folder = Path(tempfile.mkdtemp(prefix="leyden-moments-"))
        count, wrong = rounds(command, folder, every=asked.every, most=asked.most)
        print(f"{command:8} {count:5} moments  {'; '.join(wrong) or 'all as undisturbed'}")
        is_good = is_good and not wrong
        if not wrong:
            shutil.rmtree(folder)
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
