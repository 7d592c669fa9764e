"""Fresh processes: no side profits from what the other has imported, allocated or set."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = "tests"
"""Whose classes our configs may name, see `conf/`."""


def environment(**variables: str) -> dict[str, str]:
    """This one's, so that a process in another folder finds these files."""
    paths = [str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    path = os.pathsep.join(filter(None, paths))
    return {**os.environ, "PYTHONPATH": path, "LEYDEN_PACKAGES": PACKAGES, **variables}


def output_of(arguments: Sequence[str], folder: Path, **variables: str) -> str:
    """What a fresh interpreter writes to standard output.

    Args:
        arguments: Of Python.
        folder: It runs there.
        variables: Of its environment.

    Raises:
        RuntimeError: It failed; with the end of what it wrote.
    """
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        end = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise RuntimeError(f"{' '.join(arguments)[:300]}: exit {done.returncode}\n{end}")
    return done.stdout


def seconds_of(arguments: Sequence[str], folder: Path, **variables: str) -> float:
    """Wall time of a fresh interpreter."""
    start = time.perf_counter()
    output_of(arguments, folder, **variables)
    return time.perf_counter() - start


def answer_of(module: str, folder: Path, request: Any = None, **variables: str) -> Any:
    """The last line of what a module writes, which is JSON.

    Args:
        module: It is given `request` as JSON.
        folder: It runs there.
        request: What it has to do.
        variables: Of its environment.
    """
    output = output_of(["-m", module, json.dumps(request)], folder, **variables)
    return json.loads(output.splitlines()[-1])


def most_bytes() -> int:
    """The most that this process has held in memory at a time.

    Not what `getrusage` says: that is at least what the parent held when it started this process.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
