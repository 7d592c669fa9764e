"""The verbs that compare and prove: diff, reproduce, doctor."""

import argparse
import json
import sys
from pathlib import Path

from leyden.cli.model_verbs import Parser, whole
from leyden.cli.run_verbs import EXIT_STATUS, FAILED


def read_options(parser: Parser, arguments: list[str]) -> argparse.Namespace | None:
    """Reads a command line; None: help was asked for."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(parser.format_help())
        return None
    return parser.parse_args(arguments)


def diff_verb(arguments: list[str]) -> int:
    """Compares two runs."""
    parser = Parser(
        prog="leyden diff",
        usage="leyden diff A B [--json]",
        description="What differs between two runs: config, code, environment, data, losses,"
        " metrics, cost.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("a", metavar="A", help="a run's folder")
    parser.add_argument("b", metavar="B", help="another's")
    parser.add_argument("--json", action="store_true", help="for other programs")
    options = read_options(parser, arguments)
    if options is None:
        return 0
    from leyden.analysis.diff import as_json, diff

    one, other = Path(options.a), Path(options.b)
    sections = diff(one, other)
    if options.json:
        sys.stdout.write(json.dumps(as_json(one, other, sections), indent=2) + "\n")
        return 0
    from leyden.cli.diff_table import show_diff

    show_diff(one, other, sections)
    return 0


def doctor_verb(arguments: list[str]) -> int:
    """Examines this machine."""
    parser = Parser(
        prog="leyden doctor",
        usage="leyden doctor [--json]",
        description="Whether runs can be trusted on this machine: packages, devices, disks, data"
        " sets, and whether runs survive faults. Exit status 1: a check failed.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="for other programs")
    options = read_options(parser, arguments)
    if options is None:
        return 0
    from leyden.cli.doctor_table import show_rows
    from leyden.doctor.examination import examine

    if options.json:
        rows = list(examine())
        sys.stdout.write(json.dumps([vars(row) for row in rows], indent=2) + "\n")
    else:
        rows = show_rows(examine())
    return FAILED if any(row.result == "fail" for row in rows) else 0


def reproduce_verb(arguments: list[str]) -> int:
    """Repeats a run and compares."""
    parser = Parser(
        prog="leyden reproduce",
        usage="leyden reproduce RUN [--steps N]",
        description="Repeats a run from its frozen config and compares the losses to the bit."
        " Exit status 0: equal; 1: not.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("run", metavar="RUN", help="a run's folder")
    parser.add_argument("--steps", type=whole(1), metavar="N", help="only the first N steps")
    options = read_options(parser, arguments)
    if options is None:
        return 0
    from leyden.analysis.reproduce import reproduce
    from leyden.cli.reproduce_answer import show_reproduction

    command = ["leyden", "reproduce", *arguments]
    outcome = reproduce(Path(options.run), steps=options.steps, command=command)
    show_reproduction(outcome)
    if outcome.is_equal:
        return 0
    return EXIT_STATUS["interrupted"] if outcome.was_stopped else FAILED
