"""Words that a user gives to a run, in a file beside its record."""

import json
import re
from collections.abc import Iterable
from pathlib import Path

from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json, reason_of

NAME = "tags.json"
WORD = re.compile(r"[\w.:-]{1,40}")


def read_tags(folder: Path) -> list[str]:
    """The tags of a run; none where it has no such file, or another than Leyden writes."""
    try:
        found = read_json(folder / NAME)
    except (OSError, ValueError):
        return []
    is_list = isinstance(found, list) and all(isinstance(word, str) for word in found)
    return [word for word in found if WORD.fullmatch(word)] if is_list else []


def change_tags(folder: Path, words: Iterable[str], *, removed: bool = False) -> list[str]:
    """Adds tags to a run, or takes them away; gives those that it has then.

    Raises:
        ConfigError: A word can't be a tag, the run does not have it, or the disk refuses it.
    """
    words, tags = list(dict.fromkeys(words)), read_tags(folder)
    for word in words:
        if not WORD.fullmatch(word):
            message = "must be letters, digits, and . : - _ alone, at most 40"
            raise ConfigError([Problem("TAG", message, word)])
        if removed and word not in tags:
            has = ", ".join(tags) or "none"
            raise ConfigError([Problem("TAG", f"the run has no such tag; it has {has}", word)])
    tags = [one for one in tags if one not in words] if removed else [*dict.fromkeys(tags + words)]
    try:
        write_atomically(folder / NAME, json.dumps(tags) + "\n")
    except OSError as error:
        raise ConfigError(
            [Problem("RUN", f"its {NAME} {reason_of(error)}", str(folder))]
        ) from error
    return tags
