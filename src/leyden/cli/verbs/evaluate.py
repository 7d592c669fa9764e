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
        usage="RUN [--on FILE ...] [ckpt=best|last] [key=value ...] [--json]",
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
    add_json(parser)


def evaluate(options: argparse.Namespace) -> int:
    """Tests a run."""
    from leyden.cli.console import print_json
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.terminal import show_metrics, show_note
    from leyden.errors import Diverged
    from leyden.inference.evaluate import evaluate as test_metrics

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
