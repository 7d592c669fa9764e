"""`leyden plan`: what every job of a request would cost."""

import argparse
import sys
from contextlib import redirect_stdout

from leyden.cli.parser import Parser, Verbs, add_json, add_verb
from leyden.cli.request import compose_words


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `plan`."""
    parser = add_verb(
        verbs,
        "plan",
        plan,
        usage="[overrides] [-m] [--json]; overrides as in `leyden train`",
        description="Checks and sizes every job of a request, runs nothing.",
        takes_overrides=True,
    )
    add_json(parser)


def plan(options: argparse.Namespace) -> int:
    """Sizes every job of a request."""
    composed = compose_words(options.overrides)
    from leyden.analysis.cost import plan_rows
    from leyden.cli.console import print_json
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.plan_table import show_plan

    with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
        rows = plan_rows(composed, observer=TerminalObserver())
    print_json(rows) if options.json else show_plan(composed, rows)
    return 0
