"""Reading JSON of a run's or a sweep's folder: its values are of the types that they have to be."""

import json
import math
import os
import types
from pathlib import Path
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints, is_typeddict

from leyden.files.regular import regular

MOST_BYTES = 2**28
MOST_DIGITS = 300  # of a whole number that a float can hold


def read_json(path: Path) -> Any:
    """The content of a file of JSON; all its numbers are finite floats, or would be as floats.

    Raises:
        OSError: It can't be read, or is a link or no regular file.
        ValueError: It is not JSON, or nested too deep, or larger than any that Leyden writes.
    """
    with open(path, "rb", opener=regular) as file:
        if os.fstat(file.fileno()).st_size > MOST_BYTES:
            raise ValueError("has more than 256 MB")
        text = file.read().decode("utf-8")
    try:
        return json.loads(text, parse_int=_whole, parse_float=_finite, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("is nested too deep") from error


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"has a number of {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"has a number that is too large: {text[:20]}")
    return number


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"has {text}, which JSON lacks")


def mismatch(value: Any, shape: Any, name: str = "") -> str | None:
    """Where a value is not of a type, in words; None where it is.

    Within lists and mappings null is a number, too: it stands for NaN, which JSON lacks.

    Args:
        value: Value from JSON, or a checkpoint.
        shape: A type: of typing's, a `TypedDict`, or plain.
        name: Name of the value.
    """
    if shape is Any:
        return None
    if is_typeddict(shape):
        return _mismatch_of_mapping(value, shape, name)
    if get_origin(shape) in (Union, types.UnionType):
        found = [mismatch(value, one, name) for one in get_args(shape)]
        return None if None in found else found[0]
    if get_origin(shape) is Literal:
        return None if isinstance(value, str) and value in get_args(shape) else _said(name, value)
    kind = get_origin(shape) or shape
    if not _is_plain(value, (list, tuple) if kind in (list, tuple) else kind):
        return _said(name, value, kind)
    return _mismatch_within(value, shape, name)


def _mismatch_within(value: Any, shape: Any, name: str) -> str | None:
    """The first part of a list, a tuple or a mapping that is not of its type."""
    origin, inner = get_origin(shape), get_args(shape)
    parts: list[tuple[str, Any, Any]] = []
    if origin is dict:
        parts = [(f"{name}.{key}", one, inner[1]) for key, one in value.items()]
    elif origin is list:
        parts = [(f"{name}[{place}]", one, inner[0]) for place, one in enumerate(value)]
    elif origin is tuple:
        if len(value) != len(inner):
            return f"`{name}` is not a list of {len(inner)} values"
        parts = [(f"{name}[{n}]", *pair) for n, pair in enumerate(zip(value, inner, strict=True))]
    if origin is dict and (said := _mismatched_key(value, inner[0], name)):
        return said
    for key, one, kind in parts:
        if not (one is None and kind is float) and (said := mismatch(one, kind, key)):
            return said
    return None


def _mismatched_key(value: dict[Any, Any], kind: Any, name: str) -> str | None:
    wrong = [key for key in value if mismatch(key, kind) is not None]
    return f"`{name}` has a key that is not {NAMES[kind]}" if wrong else None


def _mismatch_of_mapping(value: Any, shape: Any, name: str) -> str | None:
    if not isinstance(value, dict):
        return _said(name, value, dict)
    prefix = f"{name}." if name else ""
    missing = sorted(shape.__required_keys__ - value.keys())
    if missing:
        return f"has no `{prefix}{missing[0]}`"
    for key, kind in get_type_hints(shape).items():
        if key in value and (said := mismatch(value[key], kind, f"{prefix}{key}")):
            return said
    return None


def _is_plain(value: Any, kind: Any) -> bool:
    if isinstance(value, bool):
        return kind is bool
    if value is None:
        return kind is type(None)
    return isinstance(value, (int, float) if kind is float else kind)


def _said(name: str, value: Any, kind: Any = None) -> str:
    shown = NAMES.get(kind, getattr(kind, "__name__", "another value"))
    found = NAMES.get(type(value), type(value).__name__)
    return f"`{name}` is {found}, not {shown}" if name else f"is {found}, not {shown}"


NAMES: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
    type(None): "null",
}


def reason_of(error: OSError | ValueError) -> str:
    """Why a file of JSON could not be read, in a few words."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    text = str(error).partition("\n")[0]
    return text if text.startswith(("has ", "is ", "`")) else f"is no JSON ({text})"
