"""The names of the three splits, and their names in files and folders."""

import re

from leyden.tokenization.split import SPLITS as SPLITS
from leyden.tokenization.split import SplitName as SplitName

SPLIT_ALIASES: dict[str, SplitName] = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "eval"), "val"),
    **dict.fromkeys(("test", "testing", "holdout"), "test"),
}
"""Names of the parts in files and folders, in lower case."""


def split_named(word: object) -> SplitName | None:
    """The part that a folder or a cell names, in any case; None: it names none."""
    return SPLIT_ALIASES.get(str(word).strip().lower())


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: of `PublicTest`, `seg_train`, `train2017`, ..."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+", name)]


def split_in_name(name: str) -> SplitName | None:
    """The part that a word of a name names: `seg_train`, `test-set`, `PublicTest`.

    `train_val` is to train on; a name with words of other two parts says none.
    """
    words = [word.removesuffix("set") or word for word in words_of(name)]
    parts = {part for word in words if (part := split_named(word))}
    if "trainval" in words or parts == {"train", "val"}:
        return "train"
    return parts.pop() if len(parts) == 1 else None
