"""All claims about speed and memory, each measured beside a reference in the same call.

    python -m tests.bench                        # all cases
    python -m tests.bench mlp_step gpt_best      # some
    python -m tests.bench --quick                # few repetitions: noisy
    python -m tests.bench --profile mlp_step     # where our side spends its time
    python -m tests.bench --text FILE            # Shakespeare's text

The results go to outputs/bench/results.json too.
"""

import argparse
import sys
from pathlib import Path

from tests.bench import (
    gpt_speed,
    guest_step,
    image_epoch,
    peak_memory,
    shakespeare,
    startup,
    step_time,
    tiny_runs,
)
from tests.bench.case import SHAKESPEARE, Case, Options, Row, Skipped
from tests.bench.growth.curve import Curve
from tests.bench.growth.families import growth
from tests.bench.table import Results, show, write

GROWTH = "growth"
FAMILIES = (
    step_time,
    guest_step,
    image_epoch,
    shakespeare,
    gpt_speed,
    tiny_runs,
    startup,
    peak_memory,
)
CASES: dict[str, Case] = {case.name: case for family in FAMILIES for case in family.CASES}


def main() -> None:
    typed = arguments()
    options = Options(quick=typed.quick, text=typed.text.absolute())
    if typed.profile:
        sys.stdout.write(profile_of(CASES[typed.profile], options))
        return
    results: Results = {}
    curves: list[Curve] = []
    for name in typed.names or [*CASES, GROWTH]:
        sys.stderr.write(f"{name} ...\n")
        if name == GROWTH:
            curves = growth([], quick=typed.quick)
        else:
            results[CASES[name]] = measured(CASES[name], options)
        write(results, curves)  # each time: all of them take long
    show(results)
    for case, row in results.items():
        if isinstance(row, Row) and case.is_met(row) is False and case.profile and not typed.quick:
            sys.stdout.write(f"\n{case.name}, where our time goes:\n{profile_of(case, options)}")


def arguments() -> argparse.Namespace:
    """The command line.

    Raises:
        SystemExit: It names what there is not.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Runs benchmarks.")
    names = [*CASES, GROWTH]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="few repetitions")
    parser.add_argument("--text", type=Path, default=SHAKESPEARE, help="Shakespeare's text")
    parser.add_argument("--profile", choices=[c.name for c in CASES.values() if c.profile])
    typed = parser.parse_args()
    if unknown := set(typed.names) - set(names):
        parser.error(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return typed


def measured(case: Case, options: Options) -> Row | Skipped:
    """A case's row; one that fails does not end the others."""
    try:
        return case.measure(options)
    except RuntimeError as error:
        sys.stderr.write(f"{error}\n")
        return Skipped(f"failed: {str(error).splitlines()[-1]}")


def profile_of(case: Case, options: Options) -> str:
    assert case.profile is not None
    return case.profile(options)


if __name__ == "__main__":
    main()
