"""Variables of the environment that configs read, by `${oc.env:NAME}`.

Their values may be secrets: they are used, and never written. Records keep the name. A saved config
may read only what is named in `LEYDEN_ENV`, or what a config of the user's own has read before in
the same command.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from leyden.compat.environment_resolver import (
    PLACEHOLDER,
    names_for_values,
    read_names,
    register,
)
from leyden.config.plain import refers, texts_in
from leyden.errors import Problem

__all__ = [
    "allowed",
    "environment_of_jobs",
    "foreign_references",
    "recordable",
    "register",
    "without_values",
]

ALLOWED = "LEYDEN_ENV"
LEAST_LENGTH = 8
"""Of a value that is taken out of logs: a shorter one would take half of a log with it."""

REFERENCE = re.compile(r"\$\{oc\.env:(\w+)\}")


def allowed() -> tuple[str, ...]:
    """Variables that saved configs may read."""
    named = filter(None, os.environ.get(ALLOWED, "").split(","))
    return tuple(dict.fromkeys([*named, *sorted(read_names())]))


def environment_of_jobs() -> dict[str, str]:
    """The environment of the processes of a run: they may read what this one may."""
    names = allowed()
    return {**os.environ, ALLOWED: ",".join(names)} if names else dict(os.environ)


def recordable(node: DictConfig | ListConfig) -> Any:
    """A config as plain values, all resolved but for texts that come from the environment."""
    written = OmegaConf.to_container(node)
    if not refers(written):  # as most parts; to ask OmegaConf for each key is slow
        return written
    if isinstance(node, DictConfig):
        return {key: _recordable(node, key) for key in node}
    return [_recordable(node, place) for place in range(len(node))]


def _recordable(node: Any, key: Any) -> Any:
    if OmegaConf.is_missing(node, key):
        return "???"
    value = node[key]
    if isinstance(value, DictConfig | ListConfig):
        return recordable(value)
    if not isinstance(value, str) or not OmegaConf.is_interpolation(node, key):
        return value
    with names_for_values():
        try:
            return PLACEHOLDER.sub(r"${oc.env:\1}", str(node[key]))
        except OmegaConfBaseException:  # it chose a key by a variable: no secret
            return value


def without_values(text: str) -> str:
    """A text without the values that were read from the environment."""
    for value in filter(None, map(os.environ.get, allowed())):
        if len(value) >= LEAST_LENGTH:
            text = text.replace(value, "***")
    return text


def foreign_references(node: Any) -> Iterator[Problem]:
    """Yields what a saved config refers to and may not.

    Args:
        node: Plain, nothing resolved.
    """
    for path, text in texts_in(node):
        if "${" in REFERENCE.sub("", text):
            yield Problem(path, "refers to more than `${oc.env:NAME}`, which no saved config does")
        for name in set(REFERENCE.findall(text)) - set(allowed()):
            message = f"reads the environment; if it may, type LEYDEN_ENV={name} before `leyden`"
            yield Problem(path, message, f"${{oc.env:{name}}}")
