"""How costs grow with parameters, jobs of a sweep, and data: nearly in proportion, or worse.

    python -m tests.bench.growth                 # minutes; 2 GB of disk for a while
    python -m tests.bench.growth sweep           # or parameters, samples, tokens
    python -m tests.bench.growth --quick         # without the largest sizes

A picture for each goes to outputs/bench/.
"""

import argparse

from tests.bench.growth.families import FAMILIES, growth
from tests.bench.table import write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FAMILIES))
    parser.add_argument("--quick", action="store_true", help="without the largest sizes")
    typed = parser.parse_args()
    if unknown := set(typed.names) - set(FAMILIES):
        parser.error(f"no such family: {', '.join(unknown)}; there are {', '.join(FAMILIES)}")
    write({}, growth(typed.names, quick=typed.quick))


if __name__ == "__main__":
    main()
