"""`leyden rm`: the removal of runs and sweeps."""

import argparse
import sys
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `rm`."""
    parser = add_verb(
        verbs,
        "rm",
        rm,
        usage="FOLDER ... [--yes]",
        description="Removes runs and sweeps; not what is being run, and not what others start"
        " from.",
    )
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    parser.add_argument("--yes", action="store_true", help="does not ask")


def rm(options: argparse.Namespace) -> int:
    """Removes runs and sweeps."""
    from leyden.cli.console import messages, results, say
    from leyden.formatting import format_number, shown_path
    from leyden.run.folder import outputs_folder
    from leyden.sweeps.removal import removable, remove

    found = removable(options.folders, root=outputs_folder())
    for one in found:
        runs = f"{one.runs} {'run' if one.runs == 1 else 'runs'}"
        say(messages(), f"{shown_path(one.folder)}: {runs}, {format_number(one.num_bytes)} bytes")
    if not options.yes:
        if not sys.stdin.isatty():
            raise ConfigError([Problem("--yes", "must be given where nobody can be asked")])
        say(messages(), "Remove for good? [y/N]")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            say(messages(), "Nothing was removed.")
            return 0
    for one in found:
        remove(one)
        say(results(), f"removed {shown_path(one.folder)}")
    return 0
