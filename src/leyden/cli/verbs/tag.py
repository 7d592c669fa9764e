"""`leyden tag`: words for a run."""

import argparse
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `tag`."""
    parser = add_verb(
        verbs,
        "tag",
        tag,
        usage="RUN WORD ... [--remove]",
        description="Gives words to a run, by which `leyden runs --where tags~WORD` finds it.",
    )
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="a run's folder")
    parser.add_argument("words", metavar="WORD", nargs="+")
    parser.add_argument("--remove", action="store_true", help="takes the words away")


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
