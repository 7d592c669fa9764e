"""`leyden adopt`: the project file of a project that is there."""

import argparse
import os
import sys
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `adopt`."""
    parser = add_verb(
        verbs,
        "adopt",
        adopt,
        usage="[FOLDER]",
        description="Writes [tool.leyden] into the pyproject.toml of a project in"
        " lightning-hydra-template's layout, and says what it has understood.",
    )
    parser.add_argument("folder", metavar="FOLDER", nargs="?", default=Path(), type=Path)


def adopt(options: argparse.Namespace) -> int:
    """Adopts a project."""
    from leyden.config.adopt import adoption_of

    folder: Path = options.folder.absolute()
    if not folder.is_dir():
        raise ConfigError([Problem("FOLDER", "there is no such folder", str(options.folder))])
    found = adoption_of(folder)
    found.write()
    from leyden.cli.terminal import show_note
    from leyden.formatting import printable_lines, shown_path

    sys.stdout.write(printable_lines(f"{shown_path(found.file)} has now:\n\n{found.text}\n"))
    for line in found.understood:
        show_note(line)
    for program in found.programs:
        show_note(
            f"not taken: {program} registers resolvers or configs, and is a program; put that"
            " into a module and name it in `import`"
        )
    for line in replaced_in(folder):
        show_note(line)
    return 0


def replaced_in(folder: Path) -> list[str]:
    """What of the project's primary config is replaced, or can't be composed."""
    from leyden.config.compose import compose_request
    from leyden.config.project import forget_project
    from leyden.config.request import Request

    before = Path.cwd()
    os.chdir(folder)
    forget_project()
    try:
        (job, *_) = compose_request(Request()).jobs
        return [*job.notes]
    except ConfigError as error:
        return [f"not understood: {problem}" for problem in error.problems]
    finally:
        os.chdir(before)
        forget_project()
