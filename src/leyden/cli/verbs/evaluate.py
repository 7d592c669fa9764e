"""`leyden eval`: test metrics of a run, from its folder."""

import argparse
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.cli.exit_status import FAILED, OF_STATUS
from leyden.cli.parser import Parser, Verbs, add_json, add_verb

if TYPE_CHECKING:
    from leyden.inference.evaluation_report.report import Evaluation


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `eval`."""
    parser = add_verb(
        verbs,
        "eval",
        evaluate,
        usage="RUN [--on FILE ...] [--report [--output DIR]] [--membership] [ckpt=best|last]"
        " [key=value ...] [--json]",
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
    parser.add_argument(
        "--report",
        action="store_true",
        help="writes a page: metrics, classes, curves, worst mistakes, slices of a table",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="folder of the page; default: evaluation in the run's folder",
    )
    add_json(parser)


def evaluate(options: argparse.Namespace) -> int:
    """Tests a run."""
    from leyden.cli.console import print_json
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.terminal import show_metrics, show_note
    from leyden.errors import ConfigError, Diverged, Problem
    from leyden.inference.evaluate import evaluated_run

    if options.membership:
        return attack(options)
    if options.output is not None and not options.report:
        message = "is the folder of the page; add --report"
        raise ConfigError([Problem("--output", message, str(options.output))])
    found: Evaluation | None = None
    try:
        with redirect_stdout(sys.stderr):  # whatever a constructor of the user's prints
            if options.report:
                found = evaluated(options)
                metrics, intervals = found.metrics, found.intervals
            else:
                tested = evaluated_run(
                    Path(options.folder),
                    options.overrides,
                    observer=TerminalObserver(),
                    on=options.on,
                )
                metrics, intervals = tested.metrics, tested.intervals
    except Diverged as error:
        show_note(f"diverged: {error}")
        return OF_STATUS["diverged"]
    print_json(metrics) if options.json else show_metrics(metrics, intervals)
    return 0 if found is None else write(found, is_json=options.json)


def evaluated(options: argparse.Namespace) -> "Evaluation":
    """Tests a run, with a page."""
    from leyden.cli.observer import TerminalObserver
    from leyden.inference.evaluation_report.report import evaluate_with_report

    return evaluate_with_report(
        Path(options.folder),
        options.overrides,
        observer=TerminalObserver(),
        on=options.on,
        output=options.output,
    )


def write(found: "Evaluation", *, is_json: bool) -> int:
    """Writes the page and tells where it is; after JSON on standard error."""
    from leyden.cli.console import print_path
    from leyden.cli.terminal import show_note
    from leyden.files.json_file import reason_of
    from leyden.formatting import shown_path

    try:
        found.write()
    except OSError as error:
        show_note(f"{shown_path(found.path)} could not be written: {reason_of(error)}")
        return FAILED
    path = shown_path(found.path)
    show_note(f"page  {path}") if is_json else print_path(path)
    return 0


def attack(options: argparse.Namespace) -> int:
    """Tells how well training samples are told by their loss."""
    from leyden.cli.console import print_json, results, say
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.privacy_text import membership_words
    from leyden.errors import ConfigError, Problem
    from leyden.inference.membership import infer_membership

    page = ["--report"] * options.report + [f"--output {options.output}"] * bool(options.output)
    if options.on or options.overrides or page:
        given = " ".join([*(f"--on {name}" for name in options.on), *page, *options.overrides])
        raise ConfigError([Problem("--membership", f"takes no further arguments; got {given}")])
    with redirect_stdout(sys.stderr):
        found = infer_membership(Path(options.folder), observer=TerminalObserver())
    print_json(found) if options.json else say(results(), membership_words(found))
    return 0
