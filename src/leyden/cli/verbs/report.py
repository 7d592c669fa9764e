"""`leyden report`: tables, plots and statistics of a sweep."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `report`."""
    parser = add_verb(
        verbs, "report", report, usage="SWEEP", description="Writes the report of a sweep anew."
    )
    parser.add_argument("folder", metavar="SWEEP", help="a sweep's folder")


def report(options: argparse.Namespace) -> int:
    """Writes a sweep's report."""
    folder = Path(options.folder)
    if not (folder / "sweep.json").is_file():
        message = "is not a sweep's folder; it would hold a sweep.json"
        raise ConfigError([Problem("SWEEP", message, str(folder))])
    from leyden.cli.console import print_path
    from leyden.formatting import shown_path
    from leyden.sweeps.report import write_report

    print_path(shown_path(write_report(folder)))
    return 0
