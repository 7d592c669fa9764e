"""`leyden new`: a project, or the YAML file of a part."""

import argparse
import re
import sys
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb
from leyden.errors import ConfigError, Problem


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `new`."""
    parser = add_verb(
        verbs,
        "new",
        new,
        usage="NAME [--lightning] | --conf PACKAGE.CLASS [--group GROUP] [--name NAME]",
        description="Writes a project that trains and tests, or conf/GROUP/NAME.yaml of the"
        " project for a class or function of yours. Outside of a project the YAML is printed.",
    )
    parser.add_argument("project", metavar="NAME", nargs="?", type=Path, help="folder to make")
    parser.add_argument(
        "--lightning",
        action="store_true",
        help="with a LightningModule and a LightningDataModule",
    )
    parser.add_argument("--conf", metavar="PACKAGE.CLASS", help="a class or function of yours")
    parser.add_argument("--group", help="of the file; without it: that of the class")
    parser.add_argument("--name", help="of the file; without it: that of the class")


def new(options: argparse.Namespace) -> int:
    """Writes a project or a file."""
    if (options.project is None) is (options.conf is None):
        options.parser.error("type either the NAME of a project or --conf PACKAGE.CLASS")
    if options.project is not None:
        if options.group or options.name:
            options.parser.error("--group and --name are for --conf")
        return new_project(options.project, is_lightning=options.lightning)
    if options.lightning:
        options.parser.error("--lightning is for a project")
    return new_file(options)


def new_project(folder: Path, *, is_lightning: bool) -> int:
    """Writes a project and says what to type next."""
    from leyden.cli.terminal import show_note
    from leyden.config.new_project import write_project

    files = write_project(folder, is_lightning=is_lightning)
    show_note(f"wrote {len(files)} files; {folder}/README.md says where a new thing goes")
    show_note(f"next: cd {folder}, then make train and make test")
    sys.stdout.write(f"{folder}\n")
    return 0


def new_file(options: argparse.Namespace) -> int:
    """Writes the YAML file of a part, or prints it where there is no folder for it."""
    from leyden.cli.terminal import show_note
    from leyden.config.part_file import part_file
    from leyden.config.project import current_project
    from leyden.files.atomic import write_atomically
    from leyden.formatting import shown_path

    for flag, word in (("--group", options.group), ("--name", options.name)):
        if word is not None and not re.fullmatch(r"\w[\w-]*(/\w[\w-]*)*", word, re.ASCII):
            raise ConfigError([Problem(flag, "must be letters, digits, - and _", word)])
    part = part_file(options.conf, group=options.group, name=options.name)
    project = current_project()
    conf = None if project is None else project.conf
    if conf is None:
        sys.stdout.write(part.text)
        show_note(
            f"no project with a folder `conf` here: put it into {part.group}/{part.name}.yaml"
        )
        return 0
    part.require_free(conf, extends_catalogue=project is not None and project.primary is None)
    file = conf / part.group / f"{part.name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, part.text)
    values = "".join(f" {key}=..." for key in part.required)
    # Without an experiment of the project the part would meet the catalogue's own data.
    folder = None if project is None else project.experiments
    experiments = sorted(folder.glob("*.yaml")) if folder is not None else []
    which = f"experiment={experiments[0].stem} " if experiments else ""
    show_note(f"next: leyden train {which}{part.group}={part.name}{values}")
    sys.stdout.write(f"{shown_path(file)}\n")
    return 0
