"""What a target takes: the parameters of its constructor, with their types."""

import inspect
from dataclasses import MISSING, dataclass, fields
from functools import cache
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Parameter:
    """A parameter of a constructor or function, or a field of a dataclass."""

    hint: Any
    required: bool


def parameters_of(target: Any) -> dict[str, Parameter]:
    """Keyword parameters of a class or function by name.

    Where a constructor passes `**kwargs` on, those of the next class in line are added.
    """
    if not inspect.isclass(target):
        return _named(target)[0]
    found: dict[str, Parameter] = {}
    for cls in target.__mro__:
        if "__init__" in vars(cls):
            named, passes_on = _named(vars(cls)["__init__"])
            found = {**named, **found}
            if not passes_on:
                break
    return found


@cache
def fields_of(schema: type) -> dict[str, Parameter]:
    """Fields of a dataclass by name."""
    hints = get_type_hints(schema, include_extras=True)
    return {
        field.name: Parameter(hints[field.name], required=field.default is MISSING)
        for field in fields(schema)
    }


@cache
def _named(function: Any) -> tuple[dict[str, Parameter], bool]:
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function).parameters
    named = {
        name: Parameter(hints.get(name, Any), parameter.default is parameter.empty)
        for name, parameter in signature.items()
        if name != "self"
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    passes_on = any(p.kind is p.VAR_KEYWORD for p in signature.values())
    return named, passes_on
