"""Kills a command at each of its file operations, and gives it once more.

    python -m tests.chaos.moments                       # a run, a sweep, a search and stacked jobs
    python -m tests.chaos.moments --command sweep --every 5

A command's first moments are those before its records are there; a round is one of them.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any

from tests.commands import WarmStart, start_logged

TINY = (
    *("model.width=8", "trainer.max_steps=4", "resume.every_steps=2", "trainer.accelerator=cpu"),
    *("trainer.log_every_n_steps=1", "callbacks.graph=null", "callbacks.predictions=null"),
)
UNREPORTED = (*TINY, "sweep.report=false", "baselines=null")
"""Where a sweep is only another way to its jobs: the command `sweep` has its report."""

COMMANDS = {
    "run": ("train", "run_dir=it", *TINY),
    "sweep": ("train", "-m", "run_dir=it", *TINY, "seed=0,1", "hydra.launcher.slots=1"),
    "search": (
        *("train", "-m", "run_dir=it", *UNREPORTED, "optimizer.lr=interval(0.01,0.1)"),
        *("hydra/sweeper=optuna", "hydra.sweeper.n_trials=2", "hydra.launcher.slots=1"),
    ),
    "stacked": ("train", "-m", "run_dir=it", *UNREPORTED, "seed=0,1", "hydra/launcher=stacked"),
}
MOST_SECONDS = 120


KILL = "from pathlib import Path; from leyden.testing.faults import kill_at_change; "


def give(warm: WarmStart, folder: Path, words: tuple[str, ...], number: int = 0) -> int | None:
    """The exit status of a command that may be killed; None if it hangs.

    Args:
        warm: What starts it.
        folder: Where it runs.
        words: The command line.
        number: Before which change of a file it is killed; 0: it is left alone.
    """
    first = f"{KILL}kill_at_change(Path({str(folder)!r}), {number})" if number else ""
    process = start_logged(warm, words, folder, first)
    try:
        return process.wait(MOST_SECONDS)
    except TimeoutExpired:
        process.kill()
        process.wait()
        return None


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


def disturbed(
    warm: WarmStart, command: str, number: int, folder: Path, expected: dict[str, Any]
) -> str | None:
    """What differs after a command was killed once and given again; None if nothing does.

    Raises:
        EOFError: It has fewer operations.
    """
    folder.mkdir()
    status = give(warm, folder, COMMANDS[command], number)
    if status == 0:
        raise EOFError
    if status != -signal.SIGKILL:
        return f"ended with {status} instead of being killed"
    again = give(warm, folder, COMMANDS[command])
    if again != 0:
        return f"given again it ended with {again}"
    found = outcome(folder)
    other = [key for key in {*expected, *found} if expected.get(key) != found.get(key)]
    return f"differs in {', '.join(sorted(other))}" if other else None


def undisturbed(warm: WarmStart, command: str, folder: Path) -> dict[str, Any]:
    """What a command comes to when it is left alone."""
    folder.mkdir()
    status = give(warm, folder, COMMANDS[command])
    assert status == 0, (folder / "log.txt").read_text()
    return outcome(folder)


def rounds(
    warm: WarmStart, command: str, folder: Path, *, every: int, most: int
) -> tuple[int, list[str]]:
    """Kills a command at every so-maniest operation; how often, and what went wrong."""
    expected, wrong, count = undisturbed(warm, command, folder / "whole"), [], 0
    for number in range(1, most + 1, every):
        place = folder / str(number)
        try:
            difference = disturbed(warm, command, number, place, expected)
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
    is_good, warm = True, WarmStart()
    for command in asked.command or COMMANDS:
        folder = Path(tempfile.mkdtemp(prefix="leyden-moments-"))
        count, wrong = rounds(warm, command, folder, every=asked.every, most=asked.most)
        print(f"{command:8} {count:5} moments  {'; '.join(wrong) or 'all as undisturbed'}")
        is_good = is_good and not wrong
        if not wrong:
            shutil.rmtree(folder)
    warm.close()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
