"""How long `leyden plan` takes for a hundred jobs, over importing torch and Lightning alone.

`python -m tests.bench.plan`. Both sides run in turn, in fresh processes.
"""

import statistics
import sys
import tempfile

from tests.bench.startup import IMPORTS, seconds_of, shown

REPETITIONS = 3
AXES = ("model=mlp,cnn", "params=1e4,2e4,3e4,6e4,1e5", "optimizer=sgd,adamw", "seed=range(5)")
PLAN = f"from leyden.cli import main; main({['plan', '-m', *AXES]})"


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
