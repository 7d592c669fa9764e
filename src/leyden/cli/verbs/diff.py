"""`leyden diff`: what differs between two runs."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_json, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `diff`."""
    parser = add_verb(
        verbs,
        "diff",
        diff,
        usage="A B [--json]",
        description="What differs between two runs: config, code, environment, data, losses,"
        " metrics, cost.",
    )
    parser.add_argument("a", metavar="A", type=Path, help="a run's folder")
    parser.add_argument("b", metavar="B", type=Path, help="another's")
    add_json(parser)


def diff(options: argparse.Namespace) -> int:
    """Compares two runs."""
    from leyden.analysis.diff import as_json
    from leyden.analysis.diff import diff as differences
    from leyden.cli.console import print_json
    from leyden.cli.diff_table import show_diff

    sections = differences(options.a, options.b)
    if options.json:
        print_json(as_json(options.a, options.b, sections))
    else:
        show_diff(options.a, options.b, sections)
    return 0
