"""Two checkouts beside each other: has a change made anything slower?

    python -m tests.bench.before ../before                # all cases, quick
    python -m tests.bench.before ../before mlp_step       # some

Each case is measured by the one checkout and then by the other, three times over. What is compared
is our own figure, not its ratio to the reference: both sides run on this machine, in this call.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.__main__ import CASES

HERE = Path(__file__).parents[2]
ROUNDS = 3
WIDTH = 100


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares the speed of two checkouts.")
    parser.add_argument("before", type=Path, help="the other checkout")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CASES))
    typed = parser.parse_args()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("case", "before", "after", "after / before"):
        table.add_column(name, justify="left" if name == "case" else "right")
    for name in typed.names or CASES:
        sys.stderr.write(f"{name} ...\n")
        table.add_row(name, *compared(name, typed.before.absolute()))
    Console(width=WIDTH, highlight=False).print(table)


def compared(name: str, before: Path) -> list[str]:
    """Figures of both checkouts and their ratio; dashes where one of them could not measure it."""
    figures: dict[Path, list[float]] = {before: [], HERE: []}
    unit = ""
    for _ in range(ROUNDS):
        for checkout, found in figures.items():
            row = measured(name, checkout)
            if row is None:
                return ["-", "-", "-"]
            unit = row["unit"]
            found += row["all"]["ours"]
    old, new = (statistics.median(found) for found in figures.values())
    return [f"{old:.4g} {unit}", f"{new:.4g} {unit}", f"{new / old:.3f}"]


def measured(name: str, checkout: Path) -> dict[str, object] | None:
    """A case's row, measured by a checkout's own bench and code."""
    paths = os.pathsep.join([str(checkout / "src"), str(checkout)])
    subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", name],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    content = json.loads((checkout / "outputs" / "bench" / "results.json").read_text())
    (row,) = [row for row in content["cases"] if row["name"] == name]
    return None if "skipped" in row else row


if __name__ == "__main__":
    main()
