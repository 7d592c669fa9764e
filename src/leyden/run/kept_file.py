"""Small files of a run's folder that hold one object: written whole, read by their types."""

import json
from pathlib import Path
from typing import TypeVar

from cattrs.errors import BaseValidationError, CattrsError
from cattrs.preconf.json import make_converter

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json

Kept = TypeVar("Kept")
CONVERTER = make_converter(forbid_extra_keys=True)


def write_kept(path: Path, value: object) -> None:
    """Writes an object that `read_kept` reads."""
    write_atomically(path, json.dumps(CONVERTER.unstructure(value), indent=1) + "\n")


def read_kept(path: Path, kind: type[Kept]) -> Kept | None:
    """The object in a file; None: there is no such file.

    Raises:
        ConfigError: The file is damaged, or holds something else.
    """
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        if not isinstance(content, dict):
            raise TypeError("no JSON object")
        return CONVERTER.structure(content, kind)
    except (OSError, ValueError, LookupError, TypeError, BaseValidationError, CattrsError) as error:
        message = f"is damaged ({type(error).__name__})"
        raise ConfigError([Problem(path.name, message, str(path.parent))]) from error
