"""Refuses YAML that would grow without bounds: ten lines of aliases can make billions of values."""

import re
from pathlib import Path

import yaml

from leyden.config.problem import ConfigError, Problem

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000
MOST_DEPTH = 32
NOT_STRUCTURE = re.compile(r"""#.*|"[^"\n]*"|'[^'\n]*'""")
"""Comments and quoted texts, in which brackets mean nothing."""


def refuse_too_large(text: str, path: Path) -> None:
    """Raises `ConfigError` if a YAML file is too large, or would be once it is parsed.

    It is looked through event by event, so that nothing is built of it.

    Args:
        text: Its content.
        path: Its own, for the message.

    Raises:
        YAMLError: It is no YAML.
    """
    try:
        reason = "has more than 1 MB" if len(text) > MOST_BYTES else _excess(text)
    except yaml.YAMLError:
        # A parser's own limit of depth, and its words for it, differ from version to version.
        if not _opens_too_many(text):
            raise
        reason = f"is nested more than {MOST_DEPTH} deep"
    if reason:
        raise ConfigError([Problem("YAML", f"{reason}; no config needs that", str(path))])


def _opens_too_many(text: str) -> bool:
    """Whether more brackets are open at some place of a YAML text than `MOST_DEPTH`."""
    depth = 0
    for bracket in re.findall(r"[][{}]", NOT_STRUCTURE.sub("", text)):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        if depth > MOST_DEPTH:
            return True
    return False


def _excess(text: str) -> str | None:
    sizes: dict[str | None, int] = {}
    open_nodes: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            total += sizes.get(event.anchor, 0)
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            sizes |= {event.anchor: 1} if event.anchor else {}
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_nodes.pop()
            sizes |= {anchor: total - before + 1} if anchor else {}
        if total > MOST_VALUES:
            return f"holds more than {MOST_VALUES:,} values"
        if len(open_nodes) > MOST_DEPTH:
            return f"is nested more than {MOST_DEPTH} deep"
    return None
