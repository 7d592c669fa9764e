"""Variables of the environment that configs read, by `${oc.env:NAME}`.

Their values may be secrets: they are used, and never written. Records keep the name. A saved config
may read only what is named in `LEYDEN_ENV`; to it goes what a command of the user's own has read,
so that the jobs it starts may read that too.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from omegaconf.resolvers import oc

from leyden.config.plain import refers
from leyden.errors import Problem

ALLOWED = "LEYDEN_ENV"
LEAST_LENGTH = 8
"""Of a value that is taken out of logs: a shorter one would take half of a log with it."""

REFERENCE = re.compile(r"\$\{oc\.env:(\w+)\}")
_STAND_IN = re.compile(r"@oc\.env@(\w+)@")
_only_names: ContextVar[bool] = ContextVar("only_names", default=False)
_values: set[str] = set()


def register() -> None:
    """Puts our reading of the environment in the place of OmegaConf's. May be called again."""
    OmegaConf.register_new_resolver("oc.env", _read, replace=True)


def _read(name: str, *default: Any) -> Any:
    value = oc.env(name, *default)
    if name not in os.environ or not re.fullmatch(r"\w+", name):
        return value
    if _only_names.get():
        return f"@oc.env@{name}@"
    if name not in allowed():
        os.environ[ALLOWED] = ",".join([*allowed(), name])
    _values.add(os.environ[name])
    return value


def allowed() -> tuple[str, ...]:
    """Variables that saved configs may read."""
    return tuple(filter(None, os.environ.get(ALLOWED, "").split(",")))


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
    with _names_for_values():
        try:
            return _STAND_IN.sub(r"${oc.env:\1}", str(node[key]))
        except OmegaConfBaseException:  # it chose a key by a variable: no secret
            return value


@contextmanager
def _names_for_values() -> Iterator[None]:
    token = _only_names.set(True)
    try:
        yield
    finally:
        _only_names.reset(token)


def without_values(text: str) -> str:
    """A text without the values that were read from the environment."""
    for value in _values:
        if len(value) >= LEAST_LENGTH:
            text = text.replace(value, "***")
    return text


def foreign_references(node: Any, path: str = "") -> Iterator[Problem]:
    """What a saved config refers to and may not.

    Args:
        node: Plain, nothing resolved.
        path: Path of the node in the config.
    """
    if isinstance(node, dict | list):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from foreign_references(value, f"{path}.{key}".lstrip("."))
    elif isinstance(node, str):
        if "${" in REFERENCE.sub("", node):
            yield Problem(path, "refers to more than `${oc.env:NAME}`, which no saved config does")
        for name in set(REFERENCE.findall(node)) - set(allowed()):
            message = f"reads the environment; if it may, type LEYDEN_ENV={name} before `leyden`"
            yield Problem(path, message, f"${{oc.env:{name}}}")
