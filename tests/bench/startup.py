"""How long from the command to the first optimizer step, over importing torch and Lightning alone.

`make bench`. Both sides run in turn, in fresh processes; the ratio of the medians counts.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

REPETITIONS = 7
IMPORTS = "import torch, pytorch_lightning"
TO_FIRST_STEP = """
import os, sys
from leyden.cli import main

def stop(optimizer, *arguments):
    sys.stdout.flush()
    os._exit(0)

from leyden.optim import Muon
Muon.step = stop
main(["train"])
"""


def seconds_of(code: str, folder: str) -> float:
    """Wall time of a fresh interpreter that runs `code`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - start


def shown(seconds: Sequence[float]) -> str:
    """Median and range."""
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """Prints both sides and their ratio."""
    imports, steps = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPETITIONS):
            imports.append(seconds_of(IMPORTS, folder))
            steps.append(seconds_of(TO_FIRST_STEP, folder))
    ratio = statistics.median(steps) / statistics.median(imports)
    sys.stdout.write(f"import torch, pytorch_lightning   {shown(imports)}\n")
    sys.stdout.write(f"leyden train, to its first step   {shown(steps)}\n")
    sys.stdout.write(f"ratio of the medians              {ratio:.2f}, wanted at most 1.30\n")


if __name__ == "__main__":
    main()
