"""`leyden eval`: test metrics of a run, from its folder."""

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path

from leyden.cli.exit_status import OF_STATUS
from leyden.cli.parser import Parser, Verbs, add_json, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `eval`."""
    parser = add_verb(
        verbs,
        "eval",
        evaluate,
        usage="RUN [--on FILE ...] [--membership] [ckpt=best|last] [key=value ...] [--json]",
        description="Test metrics of a run's checkpoint, on its test part or on new inputs with"
        " their answers. Keys of its config may be different now.",
        takes_overrides=True,
    )
    parser.add_argument("folder", metavar="RUN", help="a run's folder")
    parser.add_argument(
        "--on",
        action="append",
        default=[],
        metavar="FILE",
        help="rows with the target, a folder of class folders, series, text; may be repeated",
    )
    parser.add_argument(
        "--membership",
        action="store_true",
        help="whether an attacker who knows losses can tell training samples from test samples",
    )
    add_json(parser)


def evaluate(options: argparse.Namespace) -> int:
    """Tests a run."""
    from leyden.cli.console import print_json
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.terminal import show_metrics, show_note
    from leyden.errors import Diverged
    from leyden.inference.evaluate import evaluate as test_metrics

    if options.membership:
        return attack(options)
    try:
        with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
            metrics = test_metrics(
                Path(options.folder),
                options.overrides,
                observer=TerminalObserver(),
                on=options.on,
            )
    except Diverged as error:
        show_note(f"diverged: {error}")
        return OF_STATUS["diverged"]
    print_json(metrics) if options.json else show_metrics(metrics)
    return 0


def attack(options: argparse.Namespace) -> int:
    """Tells how well training samples are told by their loss."""
    from leyden.cli.console import print_json, results, say
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.terminal import membership_words
    from leyden.errors import ConfigError, Problem
    from leyden.inference.membership import infer_membership

    if options.on or options.overrides:
        given = " ".join([*(f"--on {name}" for name in options.on), *options.overrides])
        raise ConfigError([Problem("--membership", f"takes no further arguments; got {given}")])
    with redirect_stdout(sys.stderr):
        found = infer_membership(Path(options.folder), observer=TerminalObserver())
    print_json(found) if options.json else say(results(), membership_words(found))
    return 0
