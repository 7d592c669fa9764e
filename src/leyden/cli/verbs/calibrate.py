"""`leyden calibrate`: probabilities that mean what they say."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_json, add_verb

METHODS = ("temperature", "isotonic")


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `calibrate`."""
    parser = add_verb(
        verbs,
        "calibrate",
        calibrate,
        usage="RUN [--method temperature|isotonic] [--json]",
        description="Fits a correction of the probabilities to the validation part, and shows the"
        " test part before and after. `leyden predict` then uses it.",
    )
    parser.add_argument("source", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help=", ".join(METHODS))
    add_json(parser)


def calibrate(options: argparse.Namespace) -> int:
    """Calibrates a run."""
    from leyden.cli.console import print_json
    from leyden.cli.layout import Column
    from leyden.cli.observer import TerminalObserver
    from leyden.cli.terminal import show_note, show_table
    from leyden.formatting import format_number
    from leyden.inference.calibrate import calibrate as calibrated
    from leyden.run.calibration import NAME

    told = calibrated(options.source, options.method, observer=TerminalObserver())
    if options.json:
        content = {"method": told.found.method, "temperature": told.found.temperature}
        print_json({**content, "before": told.before, "after": told.after})
        return 0
    rows = [
        [f"test/{name}", format_number(value), format_number(told.after[name])]
        for name, value in told.before.items()
    ]
    columns = [Column("metric"), *(Column(name, is_number=True) for name in ("before", "after"))]
    show_table(columns, rows)
    show_note(f"{told.found.words}, kept in {NAME}; leyden predict uses it")
    return 0
