"""`leyden schema`: JSON Schemas of all YAML files, and the settings of an editor that use them."""

import argparse
import sys
from pathlib import Path

from leyden.cli.parser import Parser, Verbs, add_verb


def add_verbs(verbs: "Verbs[Parser]") -> None:
    """Adds `schema`."""
    parser = add_verb(
        verbs,
        "schema",
        schema,
        usage="[--output FOLDER]",
        description="Writes a JSON Schema for each group of configs and for experiments, and names"
        " them in .vscode/settings.json, so that an editor completes and checks YAML files.",
    )
    parser.add_argument(
        "--output", metavar="FOLDER", type=Path, help="without it: .leyden/schemas of the project"
    )


def schema(options: argparse.Namespace) -> int:
    """Writes the schemas and the settings."""
    from leyden.cli.terminal import show_note
    from leyden.config.editor import EditorSettings
    from leyden.config.json_schema.files import Places, written_schemas
    from leyden.formatting import shown_path

    places = Places.of_working_folder(options.output)
    groups = written_schemas(places)
    settings = EditorSettings.of(places, groups)
    why_not = settings.write()
    if why_not:
        show_note(f"not changed: {shown_path(settings.file)} {why_not}; add this to it by hand:")
        sys.stdout.write(f"{settings.text}\n")
    else:
        show_note(
            f"named in {shown_path(settings.file)}; VS Code needs the extension redhat.vscode-yaml"
        )
    show_note(f"another editor: {places.modeline('model')} as the first line of a file of `model`")
    show_note(f"wrote {len(groups)} schemas")
    sys.stdout.write(f"{shown_path(places.output)}\n")
    return 0
