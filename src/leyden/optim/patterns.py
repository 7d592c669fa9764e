"""Patterns that name parameters: `layer1`, `blocks.*.attention`, `*.bias`."""

from collections.abc import Collection
from fnmatch import fnmatchcase


def matches(pattern: str, name: str) -> bool:
    """Whether a pattern names a module or parameter, or a module that holds it.

    Args:
        pattern: A name in which `*` stands for anything, `?` for one character and `[12]` for one
            of these.
        name: Full name, such as `layer1.0.conv1.weight`.
    """
    return fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*")


def matching(pattern: str, names: Collection[str]) -> list[str]:
    """The names that a pattern names, in their order."""
    return [name for name in names if matches(pattern, name)]
