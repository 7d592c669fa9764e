"""Whether a value from YAML fits a type hint, its range included."""

from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import BaseMetadata, Ge, GroupedMetadata, Gt, Le, Lt
from beartype import BeartypeConf
from beartype.door import is_bearable
from beartype.roar import BeartypeException

NUMERIC_TOWER = BeartypeConf(is_pep484_tower=True)  # a whole number is a number
NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


def misfit(value: Any, hint: Any) -> str | None:
    """What `value` should have been, or None if it fits `hint`.

    Args:
        value: Plain: numbers, texts, booleans, None, lists and mappings.
        hint: A type hint. Ranges are read from `Annotated`; lists fit tuples.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return misfit(value, arguments[0]) or _out_of_range(value, arguments[1:])
    if origin in (Union, UnionType):
        return _misfit_of_all(value, arguments)
    if hint is tuple and isinstance(value, list):
        return None
    if origin is list and isinstance(value, list):
        return _misfit_of_list(value, (*arguments, ...))
    if origin is tuple and isinstance(value, list):
        return _misfit_of_list(value, arguments)
    if origin is dict and isinstance(value, dict):
        return _misfit_of_dict(value, *arguments)
    return None if _has_type(value, hint) else f"must be {_describe(hint)}"


def _misfit_of_dict(values: dict[Any, Any], of_keys: Any, of_values: Any) -> str | None:
    """None if each key and each value fits; else what is wrong with the first that does not."""
    for key, value in values.items():
        if wrong := misfit(key, of_keys):
            return f"{wrong} as a key, and {key} is none"
        if wrong := misfit(value, of_values):
            return f"{wrong}, and `{key}` is {value}"
    return None


def _misfit_of_list(values: list[Any], hints: tuple[Any, ...]) -> str | None:
    """None if each value fits its hint, or if they are `tuple[hint, ...]`, all the same one."""
    if Ellipsis in hints:
        hints = (hints[0],) * len(values)
    if len(values) != len(hints):
        return f"must be a list of {len(hints)}"
    return next(filter(None, map(misfit, values, hints)), None)


def _has_type(value: Any, hint: Any) -> bool:
    if isinstance(value, bool) and hint in (int, float):
        return False  # Python takes True for 1; a user who writes `true` for a number erred
    try:
        return is_bearable(value, hint, conf=NUMERIC_TOWER)
    except BeartypeException:  # a hint of someone else's that it does not know: let it pass
        return True


def _misfit_of_all(value: Any, hints: tuple[Any, ...]) -> str | None:
    """None if `value` fits one of `hints`; else the range that it leaves, or what they are."""
    misfits = {hint: misfit(value, hint) for hint in hints}
    if None in misfits.values():
        return None
    bare = {hint: get_args(hint)[0] for hint in hints if get_origin(hint) is Annotated}
    out_of_range = [misfits[hint] for hint, base in bare.items() if _has_type(value, base)]
    for kind, origins in ((list, (list, tuple)), (dict, (dict,))):
        if isinstance(value, kind):
            out_of_range += [misfits[hint] for hint in hints if get_origin(hint) in origins]
    return out_of_range[0] if out_of_range else f"must be {_describe_any(hints)}"


def _out_of_range(value: Any, metadata: tuple[Any, ...]) -> str | None:
    for bound in _bounds(metadata):
        match bound:
            case Ge(ge) if not value >= ge:
                return f"must be at least {ge}"
            case Gt(gt) if not value > gt:
                return f"must be more than {gt}"
            case Le(le) if not value <= le:
                return f"must be at most {le}"
            case Lt(lt) if not value < lt:
                return f"must be less than {lt}"
            case _:
                pass
    return None


def bounds_of(metadata: tuple[Any, ...]) -> dict[str, float]:
    """The range that `Annotated` says: of `ge`, `gt`, `le` and `lt` those that there are."""
    return {
        name: getattr(bound, name)
        for bound in _bounds(metadata)
        for name in ("ge", "gt", "le", "lt")
        if hasattr(bound, name)
    }


def _bounds(metadata: tuple[Any, ...]) -> Iterator[BaseMetadata]:
    for item in metadata:
        if isinstance(item, GroupedMetadata):
            yield from _bounds(tuple(item))
        elif isinstance(item, BaseMetadata):
            yield item


def _describe(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _describe(arguments[0])
    if origin in (Union, UnionType):
        return _describe_any(arguments)
    if origin is Literal:
        return "one of " + ", ".join(str(argument) for argument in arguments)
    if hint is type(None):
        return "null"
    if origin in (list, tuple):
        return "a list of texts, in brackets" if arguments[:1] == (str,) else "a list, in brackets"
    return NAMES.get(hint, f"a {getattr(hint, '__name__', hint)}")


def _describe_any(hints: tuple[Any, ...]) -> str:
    words = [word for hint in hints if get_origin(hint) is Literal for word in get_args(hint)]
    described = [f"one of {', '.join(map(str, words))}"] if words else []
    described += [_describe(hint) for hint in hints if get_origin(hint) is not Literal]
    return " or ".join(described)
