"""Calling the `_target_` of a part's config. Only here targets are called."""

from functools import partial
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.targets import find_target, nested_target


def make(node: DictConfig, **arguments: Any) -> Any:
    """Calls a node's `_target_`; with `_partial_`, leaves the call to others.

    Not Hydra's `instantiate`: that knows no list of the allowed, turns the tuples that
    constructors ask for into lists, and wraps the errors that they raise.

    Args:
        node: Node of the config; its other keys are arguments; lists become tuples.
        arguments: Come with the node's own, or in their place.

    Raises:
        ValueError: Configs may not name its target, or one within its arguments.
    """
    given = cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    target = find_target(str(given.pop("_target_")))
    if within := nested_target(given):
        raise ValueError(f"`{within}` has a `_target_`, which may only stand at the top of a part")
    is_partial = given.pop("_partial_", False)
    tuples = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    call = partial(target, **{**given, **tuples, **arguments})
    return call if is_partial else call()
