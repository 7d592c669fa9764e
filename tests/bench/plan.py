"""How long `leyden plan` takes for a hundred jobs, over importing torch and Lightning alone.

`python tests/bench/plan.py`. Both sides run in turn, in fresh processes.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

REPETITIONS = 3
IMPORTS = ("-c", "import torch, pytorch_lightning")
AXES = ("model=mlp,cnn", "params=1e4,2e4,3e4,6e4,1e5", "optimizer=sgd,adamw", "seed=range(5)")
PLAN = ("-m", "leyden", "plan", "-m", *AXES)


def seconds_of(arguments: Sequence[str], folder: str) -> float:
    """Wall time of a fresh interpreter."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=folder)
    return time.perf_counter() - start


def shown(seconds: Sequence[float]) -> str:
    """Median and range."""
    return f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f})"


def main() -> None:
    """Prints both sides and their ratio."""
    imports, plans = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPETITIONS):
            imports.append(seconds_of(IMPORTS, folder))
            plans.append(seconds_of(PLAN, folder))
    ratio = statistics.median(plans) / statistics.median(imports)
    sys.stdout.write(f"import torch, pytorch_lightning   {shown(imports)}\n")
    sys.stdout.write(f"leyden plan, 100 jobs             {shown(plans)}, wanted at most 15 s\n")
    sys.stdout.write(f"ratio of the medians              {ratio:.2f}\n")


if __name__ == "__main__":
    main()
