"""`leyden reproduce`: is a run the same to the bit when it is repeated?"""

import argparse
from pathlib import Path

from leyden.cli.exit_status import FAILED, OF_STATUS
from leyden.cli.parser import Parser, Verbs, add_verb, whole


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `reproduce`."""
    parser = add_verb(
        verbs,
        "reproduce",
        reproduce,
        usage="RUN [--steps N]",
        description="Repeats a run from its frozen config and compares the losses to the bit."
        " Exit status 0: equal; 1: not.",
    )
    parser.add_argument("run_folder", metavar="RUN", help="a run's folder")
    parser.add_argument("--steps", type=whole(1), metavar="N", help="only the first N steps")


def reproduce(options: argparse.Namespace) -> int:
    """Repeats a run and compares."""
    from leyden.analysis.reproduce import reproduce as repeat
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.reproduction import show_reproduction

    steps = [] if options.steps is None else ["--steps", str(options.steps)]
    outcome = repeat(
        Path(options.run_folder),
        steps=options.steps,
        command=["leyden", "reproduce", options.run_folder, *steps],
        observer=TerminalObserver(),
    )
    show_reproduction(outcome)
    if outcome.is_equal:
        return 0
    return OF_STATUS["interrupted"] if outcome.was_stopped else FAILED
