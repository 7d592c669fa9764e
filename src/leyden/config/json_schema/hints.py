"""A type hint as JSON Schema, its range included."""

import inspect
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from os import PathLike
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from leyden.config.hints import bounds_of

Schema = dict[str, Any]

LATER: Schema = {"type": "string", "pattern": r"\$\{|^\?\?\?$"}
"""A value that is worked out later: an interpolation, or one that has to be given."""

NODE: Schema = {"$ref": "#/$defs/node"}

PLAIN: dict[Any, str] = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    Path: "string",
    PathLike: "string",
    dict: "object",
    Mapping: "object",
    list: "array",
    tuple: "array",
    set: "array",
    Sequence: "array",
    Iterable: "array",
}
OF_OMEGACONF = {"DictConfig": "object", "ListConfig": "array"}
BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def of_hint(hint: Any) -> Schema:
    """The values that fit a hint; all where nothing is known of it."""
    hint = getattr(hint, "__supertype__", getattr(hint, "__value__", hint))
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = {BOUNDS[name]: bound for name, bound in bounds_of(arguments[1:]).items()}
        return {**of_hint(arguments[0]), **bounds}
    if origin in (Union, UnionType):
        return any_of([of_hint(one) for one in arguments])
    if origin is Literal:
        return {"enum": list(arguments)}
    kind = origin or hint
    if kind is Callable:
        return NODE
    if not inspect.isclass(kind) or kind in (Any, object, type) or issubclass(kind, Enum):
        return {}
    name = PLAIN.get(kind, OF_OMEGACONF.get(kind.__name__))
    if name == "array":
        return {"type": "array", **_items(kind, arguments)}
    if name == "object" and len(arguments) == 2:
        return _with_inner({"type": "object"}, "additionalProperties", arguments[1])
    return NODE if name is None else {"type": name}


def _items(kind: Any, arguments: tuple[Any, ...]) -> Schema:
    if kind is not tuple or Ellipsis in arguments:
        return _with_inner({}, "items", arguments[0]) if arguments else {}
    count = len(arguments)
    inner = [or_later(of_hint(one)) for one in arguments]
    return {"prefixItems": inner, "minItems": count, "maxItems": count} if inner else {}


def _with_inner(schema: Schema, key: str, hint: Any) -> Schema:
    inner = or_later(of_hint(hint))
    return {**schema, key: inner} if inner else schema


def any_of(schemas: Iterable[Schema]) -> Schema:
    """What fits one of some schemas."""
    distinct: list[Schema] = []
    for schema in schemas:
        if not schema:
            return {}
        distinct += [one for one in schema.get("anyOf", [schema]) if one not in distinct]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def or_later(schema: Schema) -> Schema:
    """What fits a schema, or is worked out later."""
    return any_of([schema, LATER]) if schema else {}


def described(schema: Schema, text: str = "", default: Any = None) -> Schema:
    """A schema with a description, and the default where JSON has such a value."""
    found = dict(schema)
    if text:
        found["description"] = text
    if default is not None and _is_json(default):
        found["default"] = default
    return found


def _is_json(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    if type(value) is float:
        return math.isfinite(value)
    return type(value) in (bool, int, str)
