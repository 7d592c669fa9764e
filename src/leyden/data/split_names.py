"""The names of the three parts, and what people call them in files and folders."""

import re
from typing import Literal, get_args

Part = Literal["train", "val", "test"]

PARTS: tuple[Part, ...] = get_args(Part)

PART_NAMES: dict[str, Part] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "holdout"), "test"),
}
"""What parts are called in files and folders, in lower case."""


def part_of_name(word: object) -> Part | None:
    """The part that a folder or a cell names, in any case; None: it names none."""
    return PART_NAMES.get(str(word).strip().lower())


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: of `PublicTest`, `seg_train`, `train2017`, ..."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name)]


def part_within(name: str) -> Part | None:
    """The part that one of the words of a name says: `seg_train`, `test-set`, `PublicTest`.

    `train_val` is to train on; a name with words of other two parts says none.
    """
    words = [word.removesuffix("set") or word for word in words_of(name)]
    parts = {part for word in words if (part := part_of_name(word))}
    if "trainval" in words or parts == {"train", "val"}:
        return "train"
    return parts.pop() if len(parts) == 1 else None
