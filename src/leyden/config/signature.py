"""What a target takes: the parameters of its constructor, with their types."""

import inspect
import sys
from dataclasses import MISSING, dataclass, field, fields, replace
from functools import cache
from types import SimpleNamespace
from typing import Any, get_type_hints


@dataclass(frozen=True)
class Parameter:
    """A parameter of a constructor or function, or a field of a dataclass.

    Attributes:
        hint: Type hint; `Any` where there is none.
        required: Whether a value must be given.
        default: Value where none is given; None also where there is no default.
    """

    hint: Any
    required: bool
    default: Any = field(default=None, compare=False)


def parameters_of(target: Any) -> dict[str, Parameter]:
    """Keyword parameters of a class or function by name.

    Where a constructor passes `**kwargs` on, those of the next class in line are added. A hint that
    can't be resolved, such as a name that only type checkers import, becomes `Any`.
    """
    return _accepted(target)[0]


def takes_any_key(target: Any) -> bool:
    """Whether a target takes keys that its signature does not name, by a `**kwargs` of its own.

    One that passes them on to a base class with named parameters does not: these are all there are.
    """
    return _accepted(target)[1]


def _accepted(target: Any) -> tuple[dict[str, Parameter], bool]:
    if not inspect.isclass(target):
        return _named(target, is_method=False)
    maker = vars(target).get("__new__")
    if isinstance(maker, staticmethod) and "__init__" not in vars(target):
        # One that makes objects of other classes, as `torchmetrics.Accuracy(task=...)` does.
        made_by = _named(maker.__func__, is_method=True)
        if made_by[0]:
            return made_by
    found: dict[str, Parameter] = {}
    takes_any = has_own = False
    makers: list[Any] = []
    for cls in target.__mro__:
        if "__init__" in vars(cls):
            named, passes_on = _named(vars(cls)["__init__"], is_method=True)
            if named or not (has_own or _is_base(cls)):
                takes_any = passes_on
            passed = {
                name: replace(parameter, required=False) if _mention(makers, name) else parameter
                for name, parameter in named.items()
            }
            makers.append(vars(cls)["__init__"])
            has_own = True
            found = {**passed, **found}
            if not passes_on:
                break
    return found, takes_any


def _mention(makers: list[Any], name: str) -> bool:
    """Whether constructors of derived classes are likely to pass a parameter themselves.

    They name it, as one that passes `beta=1.0` to a base which must be given it. Those of
    torchmetrics also pass some by their place.
    """
    if any(maker.__module__.startswith("torchmetrics.") for maker in makers):
        return True
    constants = [
        constant
        for maker in makers
        for constant in getattr(getattr(maker, "__code__", None), "co_consts", ())
    ]
    return any(name == one or (isinstance(one, tuple) and name in one) for one in constants)


def _is_base(cls: type) -> bool:
    """Whether a class is Python's, torch's or Lightning's, whose bases pass keys on to nobody."""
    return cls.__module__.partition(".")[0] in ("builtins", "torch", "pytorch_lightning")


@cache
def fields_of(schema: type) -> dict[str, Parameter]:
    """Fields of a dataclass by name."""
    hints = get_type_hints(schema, include_extras=True)
    return {
        one.name: Parameter(hints[one.name], required=one.default is MISSING)
        for one in fields(schema)
    }


@cache
def _named(function: Any, *, is_method: bool) -> tuple[dict[str, Parameter], bool]:
    """Parameters that can be passed by name, and whether there is a `**kwargs` beside them."""
    signature = _signature(function)
    if signature is None:
        return {}, True
    listed = list(signature.parameters.values())[1 if is_method else 0 :]
    hints = _hints(function, {parameter.name: parameter.annotation for parameter in listed})
    named = {
        parameter.name: _parameter(hints[parameter.name], parameter.default)
        for parameter in listed
        if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    }
    return named, any(parameter.kind is parameter.VAR_KEYWORD for parameter in listed)


def _parameter(hint: Any, default: Any) -> Parameter:
    required = default is inspect.Parameter.empty
    return Parameter(hint, required, None if required else default)


def _signature(function: Any) -> inspect.Signature | None:
    """None where there is none to be read, as of some functions that are written in C."""
    try:
        if sys.version_info >= (3, 14):  # annotations are evaluated when they are read
            from annotationlib import Format

            return inspect.signature(function, annotation_format=Format.FORWARDREF)
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None


def _hints(function: Any, annotations: dict[str, Any]) -> dict[str, Any]:
    """The type of each parameter; `Any` where it has none, or one that can't be resolved.

    One at a time: `get_type_hints` of the function would fail as a whole.
    """
    names = getattr(inspect.unwrap(function), "__globals__", {})

    def resolved(annotation: Any) -> Any:
        if annotation is inspect.Parameter.empty:
            return Any
        holder = SimpleNamespace(__annotations__={"it": annotation})
        try:
            return get_type_hints(holder, globalns=names, include_extras=True)["it"]
        except Exception:  # to resolve a hint is to run the text that someone wrote there
            return Any

    return {name: resolved(annotation) for name, annotation in annotations.items()}
