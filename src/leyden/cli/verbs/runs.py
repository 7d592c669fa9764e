"""`leyden runs`: the runs and sweeps below a folder."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_json, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `runs`."""
    parser = add_verb(
        verbs,
        "runs",
        runs,
        usage="[FOLDER] [--json]",
        description="A table of the runs and sweeps below a folder.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", type=Path)
    add_json(parser)


def runs(options: argparse.Namespace) -> int:
    """Lists runs."""
    from leyden.run.folder import outputs_folder

    folder: Path = options.folder or outputs_folder()
    if not folder.is_dir():
        raise ConfigError([Problem("FOLDER", "there is no such folder", str(folder))])
    from leyden.cli.console import print_json
    from leyden.cli.runs_table import show_runs
    from leyden.cli.sweep_summary import show_sweeps
    from leyden.cli.terminal import show_note
    from leyden.run.listing import find_runs
    from leyden.sweeps.record import find_sweeps

    records, left_out = find_runs(folder)
    sweeps, others = find_sweeps(folder)
    for note in (*left_out, *others):
        show_note(note)
    if options.json:
        print_json(records)
        return 0
    show_sweeps(sweeps)
    show_runs(records, folder)
    return 0
