"""`leyden tag` and `leyden rm`: words for runs, and the removal of runs."""

import argparse
import sys
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `tag` and `rm`."""
    tagger = add_verb(
        verbs,
        "tag",
        tag,
        usage="RUN WORD ... [--remove]",
        description="Gives words to a run, by which `leyden runs --where tags~WORD` finds it.",
    )
    tagger.add_argument("run_folder", metavar="RUN", type=Path, help="a run's folder")
    tagger.add_argument("words", metavar="WORD", nargs="+")
    tagger.add_argument("--remove", action="store_true", help="takes the words away")
    remover = add_verb(
        verbs,
        "rm",
        rm,
        usage="FOLDER ... [--yes]",
        description="Removes runs and sweeps; not what is being run, and not what others start"
        " from.",
    )
    remover.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    remover.add_argument("--yes", action="store_true", help="does not ask")


def tag(options: argparse.Namespace) -> int:
    """Tags a run."""
    from leyden.cli.console import results, say
    from leyden.run.folder import require_run_folder
    from leyden.run.foreign_links import reject_foreign_links
    from leyden.run.tags import change_tags

    folder: Path = options.run_folder
    require_run_folder(folder)
    reject_foreign_links(folder, key="RUN")
    tags = change_tags(folder, options.words, removed=options.remove)
    say(results(), f"{folder}: {' '.join(tags) or 'no tags'}")
    return 0


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
