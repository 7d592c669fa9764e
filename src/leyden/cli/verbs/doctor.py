"""`leyden doctor`: can runs be trusted on this machine?"""

import argparse

from leyden.cli.exit_status import FAILED
from leyden.cli.parser import Parser, Verbs, add_json, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `doctor`."""
    parser = add_verb(
        verbs,
        "doctor",
        doctor,
        usage="[--json]",
        description="Whether runs can be trusted on this machine: packages, devices, disks, data"
        " sets, and whether runs survive faults. Exit status 1: a check failed.",
    )
    add_json(parser)


def doctor(options: argparse.Namespace) -> int:
    """Examines this machine."""
    from leyden.cli.console import print_json
    from leyden.cli.doctor_table import show_rows
    from leyden.doctor.examination import examine

    if options.json:
        rows = list(examine())
        print_json([vars(row) for row in rows])
    else:
        rows = show_rows(examine())
    return FAILED if any(row.result == "fail" for row in rows) else 0
