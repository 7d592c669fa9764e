"""Type hints in words, with their ranges: what stands in a comment beside a key."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from leyden.config.hints import bounds_of

NAMES = {
    int: "whole number",
    float: "number",
    bool: "true or false",
    str: "text",
    Path: "path",
    type(None): "null",
    dict: "mapping",
    Mapping: "mapping",
    list: "list",
    tuple: "list",
    Sequence: "list",
}
WORDS = {"ge": "from {} on", "gt": "more than {}", "le": "at most {}", "lt": "less than {}"}


def type_text(hint: Any) -> str:
    """A type hint in words; empty where it says nothing."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return f"{type_text(arguments[0])} {_range_text(arguments[1:])}".strip()
    if origin in (Union, UnionType):
        return _union_text(arguments)
    if origin is Literal:
        return ", ".join(_shown(argument) for argument in arguments)
    if origin in (list, tuple, Sequence) and arguments:
        return _list_text(arguments)
    kind = origin or hint
    if kind in NAMES:
        return NAMES[kind]
    if kind is Callable:
        return "function by `_target_`, with `_partial_: true`"
    return f"{kind.__name__} by `_target_`" if is_part(kind) else ""


def is_part(hint: Any) -> bool:
    """Whether a hint is a class whose objects a config makes by a node with a `_target_`."""
    return inspect.isclass(hint) and hint not in (Any, object, *NAMES)


def _union_text(hints: tuple[Any, ...]) -> str:
    """Each type once; objects are left out where a plain value will do."""
    plain = [one for one in hints if not is_part(one)]
    said = hints if plain in ([], [type(None)]) else plain
    return " or ".join(dict.fromkeys(filter(None, map(type_text, said))))


def _list_text(arguments: tuple[Any, ...]) -> str:
    inner = [type_text(one) for one in arguments if one is not Ellipsis]
    if len(inner) > 1 and len(set(inner)) > 1:
        return f"list of {', '.join(inner)}"
    count = f"{len(inner)} of " if Ellipsis not in arguments and len(inner) > 1 else ""
    return f"list: {count}{inner[0]}" if inner[0] else "list"


def _range_text(metadata: tuple[Any, ...]) -> str:
    found = bounds_of(metadata)
    if {"ge", "le"} <= found.keys():
        return f"from {found['ge']:g} to {found['le']:g}"
    return ", ".join(WORDS[name].format(f"{value:g}") for name, value in found.items())


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
