"""Makes what a node of a config names, with the nodes within it, as Hydra's `instantiate` does.

It is our own for three reasons: Hydra's knows no list of allowed targets, wraps the errors that
constructors raise, and gives OmegaConf's containers to constructors that ask for tuples.
"""

from collections.abc import Mapping
from functools import partial
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from omegaconf import DictConfig, ListConfig, OmegaConf

from leyden.config.signature import Parameter, parameters_of
from leyden.config.targets import find_target, is_user_target

MARKERS = ("_target_", "_partial_", "_args_", "_convert_", "_recursive_")
"""Keys of a node that are Hydra's: https://hydra.cc/docs/advanced/instantiate_objects/overview."""

CONVERSIONS = ("none", "partial", "object", "all")
"""Values of `_convert_`. All but `none` give plain lists and mappings."""


def is_node(value: Any) -> bool:
    """Whether a plain value names a target."""
    return isinstance(value, dict) and "_target_" in value


def has_node(value: Any) -> bool:
    """Whether there is a target within a plain value, at any depth."""
    if isinstance(value, dict):
        return is_node(value) or any(map(has_node, value.values()))
    return isinstance(value, list | tuple) and any(map(has_node, value))


def make(node: DictConfig, **arguments: Any) -> Any:
    """Calls a node's `_target_`; with `_partial_`, leaves the call to others.

    Args:
        node: Node of the config; its other keys are arguments, and nodes within them are made
            first.
        arguments: Come with the node's own, or in their place.

    Raises:
        ValueError: Configs may not name its target, or one within its arguments.
    """
    return _made(cast(dict[str, Any], OmegaConf.to_container(node, resolve=True)), arguments)


def _made(node: Mapping[str, Any], arguments: Mapping[str, Any], convert: str | None = None) -> Any:
    path = str(node["_target_"])
    target, is_own = find_target(path), is_user_target(path)
    parameters = parameters_of(target)
    convert = node.get("_convert_", convert)  # nodes within inherit it

    def argument(value: Any, parameter: Parameter | None) -> Any:
        inner = value if node.get("_recursive_") is False else with_made(value, convert)
        return _container(inner, parameter, is_own=is_own, convert=convert)

    positional = [argument(value, None) for value in node.get("_args_") or ()]
    named = {
        key: argument(value, parameters.get(key))
        for key, value in node.items()
        if key not in MARKERS and key not in arguments
    }
    call = partial(target, *positional, **named, **arguments)
    return call if node.get("_partial_") else call()


def with_made(value: Any, convert: str | None = None) -> Any:
    """A plain value in which what its nodes name has been made.

    Args:
        value: Plain value.
        convert: `_convert_` of the node around it.
    """
    if is_node(value):
        return _made(value, {}, convert)
    if isinstance(value, dict):
        return {key: with_made(inner, convert) for key, inner in value.items()}
    return [with_made(inner, convert) for inner in value] if isinstance(value, list) else value


def _container(
    value: Any, parameter: Parameter | None, *, is_own: bool, convert: str | None
) -> Any:
    """A list or mapping in the form that a target takes.

    Leyden, torch and Lightning take tuples. A class of the user's gets what its parameter says, by
    its annotation or its default. Where it says nothing, a list stays a list (torch's layers refuse
    OmegaConf's), and a mapping has attributes, as Hydra gives it.
    """
    if not isinstance(value, list | dict):
        return value
    if convert == "none":
        return OmegaConf.create(value, flags={"allow_objects": True})
    if convert is not None:
        return value
    kinds = _kinds(parameter)
    if isinstance(value, dict):
        is_plain = not is_own or (bool(kinds) and DictConfig not in kinds)
        return value if is_plain else OmegaConf.create(value, flags={"allow_objects": True})
    if ListConfig in kinds:
        return OmegaConf.create(value, flags={"allow_objects": True})
    if is_own and not (parameter and get_args(parameter.hint)):  # nothing is said of its elements
        value = [_container(inner, None, is_own=True, convert=None) for inner in value]
    return value if is_own and tuple not in kinds else tuple(value)


def _kinds(parameter: Parameter | None) -> set[Any]:
    """Classes that a parameter says to take; without an annotation that of its default."""
    if parameter is None:
        return set()
    if parameter.hint is not Any:
        return _classes(parameter.hint)
    return {type(parameter.default)} & {tuple, list, dict}


def _classes(hint: Any) -> set[Any]:
    """Classes of a type hint; those of all members of a union."""
    if hint is Any:
        return set()
    if get_origin(hint) in (Annotated, Union, UnionType):
        return {kind for member in get_args(hint) for kind in _classes(member)}
    return {get_origin(hint) or hint}
