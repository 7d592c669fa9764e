"""Whether the nodes of a config name targets that there are, with keys that these take."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from leyden.config.instantiate import CONVERSIONS, MARKERS, has_node, is_node
from leyden.config.keys import check_keys
from leyden.config.library_arguments import unsafe_arguments
from leyden.config.lightning_classes import ALLOWED, REFUSED, USER_CODE, misplaced_files
from leyden.config.renamed import current_target
from leyden.config.schema import DataKeys, OptimizerKeys, TaskKeys
from leyden.config.signature import Parameter, fields_of, parameters_of, takes_any_key
from leyden.config.targets import (
    find_target,
    is_function,
    makes_data_module,
    makes_leyden_data,
    makes_lightning_module,
    makes_metric,
    misplaced,
)
from leyden.errors import Problem

SUPPLIED: dict[str, set[str]] = {
    "model": {"input_shape", "num_outputs"},
    "data": {"seed", "overfit_samples", "allow_synthetic", "mixup", "poisson"},
    "optimizer": {"net", "params"},
    "scheduler": {"optimizer", "total_steps"},
    "task": {"net", "spec", "optimizer", "schedule"},
    "logger": {"save_dir"},
}
"""Parameters that Leyden passes itself, by group. A config can't set them."""

FROM_DATA = {"vocab_size", "context", "separator", "pad_token"}
"""Parameters of a model that follow from the data unless the config sets them."""

OF_EVERY_METRIC = (
    *("compute_on_cpu", "compute_with_cache", "dist_sync_fn", "dist_sync_on_step"),
    *("distributed_available_fn", "process_group", "sync_on_compute"),
)
"""What torchmetrics' base class takes by its `**kwargs`: it refuses all others."""

OF_METRICS = {"num_classes", "num_labels"}
"""Parameters of a metric that follow from the data unless the config sets them."""

OF_MODULES = {"optimizer", "scheduler", "input_shape", "num_outputs", *FROM_DATA}
"""Parameters that a LightningModule is given unless the config sets them: the groups `optimizer`
and `scheduler`, and what follows from Leyden's data."""

WRAPPER = "leyden.data.TorchDatasets"
"""What wraps the datasets that a target of the group `data` makes."""

NO_FOLDS = (
    "is not taken by this data set, which has no parameter `split`; sweep.repeat.seed=5 repeats a"
    " run without folds"
)
"""Why a data set has no folds, unless its class says it by an attribute `no_folds`."""

NESTED = "a node within another"


def check_node(
    path: str, node: Any, group: str, others: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """All problems of a node and of the nodes within it.

    Args:
        path: Full key of the node.
        node: Plain value.
        group: Group that the node belongs to, or `NESTED`.
        others: Names in the rest of the config, see `check_keys`.
    """
    if not is_node(node):
        yield Problem(path, "must be a mapping with a `_target_`", str(node))
        return
    name = current_target(str(node["_target_"]))
    try:
        target = find_target(name)
    except ValueError as error:
        yield Problem(f"{path}._target_", str(error), name)
        return
    wrong = misplaced(group, target) or _unsupported(name, node, target, group)
    if wrong:
        yield Problem(f"{path}._target_", wrong, name)
        return
    given = {key: value for key, value in node.items() if key not in MARKERS}
    if name in ALLOWED:
        yield from misplaced_files(path, name, given)
    # What is meant for `TorchDatasets` is no argument of the target.
    loader_keys = _loader_keys(target, name) if group == "data" else {}
    own = {key: value for key, value in node.items() if key not in loader_keys}
    yield from unsafe_arguments(path, own, target)
    yield from _check_markers(path, node)
    for key, value in [*given.items(), ("_args_", node.get("_args_"))]:
        yield from _check_within(f"{path}.{key}", value)
    parameters = _parameters(node, target, group) | loader_keys
    for key in parameters.keys() & given.keys():
        if has_node(given[key]):  # what its target makes is not known before
            parameters[key] = Parameter(Any, required=False)
    if is_open(target):
        given = {key: value for key, value in given.items() if key in parameters}
    if group == "data" and "split" not in parameters and _is_fold(given.get("split")):
        del given["split"]
        yield Problem(f"{path}.split.fold", getattr(target, "no_folds", NO_FOLDS))
    yield from check_keys(path, given, parameters, others=others)


def keys_of(name: str, group: str) -> tuple[dict[str, Parameter], set[str]]:
    """Keys that a node of a group may have, and parameters of its target that Leyden passes.

    Args:
        name: Dotted path of the target.
        group: Group that the node belongs to, or `NESTED`.

    Raises:
        ValueError: See `find_target`.
    """
    target = find_target(name)
    keys = _parameters({"_target_": name, "batch_tokens": None}, target, group)
    loader_keys = _loader_keys(target, name) if group == "data" else {}
    supplied, offered = _passed(name, target, group)
    return keys | loader_keys, (supplied | offered) & parameters_of(target).keys()


def _unsupported(name: str, node: Mapping[str, Any], target: Any, group: str) -> str | None:
    """Why a class of Lightning's can't be named, or not there; None for all others."""
    if not target.__module__.startswith("pytorch_lightning."):
        return None
    if name not in ALLOWED:
        instead = REFUSED.get(name, f"this version does not know the class; {USER_CODE}")
        return f"is not supported; {instead}"
    if group == NESTED or node.get("_args_"):
        return "is for the groups `callbacks` and `logger` alone, with arguments by their names"
    return None


def is_open(target: Any) -> bool:
    """Whether a target of the user's, or of torchvision's, takes further keys by its `**kwargs`.

    Of the classes of Lightning and Leyden all keys that are taken are known.
    """
    package = target.__module__.partition(".")[0]
    if package in ("leyden", "pytorch_lightning") or makes_metric(target):
        return False
    return takes_any_key(target)


def unchecked_keys(path: str, node: Any) -> Iterator[str]:
    """Notes on keys that a target takes by its `**kwargs`: nobody knows whether they are right."""
    if is_node(node):
        target = find_target(str(node["_target_"]))
        known = {*parameters_of(target), *MARKERS}
        if is_open(target):
            for key in (key for key in node if key not in known):
                yield f"note: {path}.{key} is passed to {target.__name__} unchecked, as **kwargs"
    for at, value in _inner(path, node):
        yield from unchecked_keys(at, value)


def _check_within(path: str, value: Any) -> Iterator[Problem]:
    """Nodes within an argument, at any depth."""
    if is_node(value):
        yield from check_node(path, value, NESTED)
        return
    for at, inner in _inner(path, value):
        yield from _check_within(at, inner)


def _inner(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Values within a mapping or a list, with their full keys."""
    if isinstance(value, dict):
        yield from ((f"{path}.{key}", inner) for key, inner in value.items())
    elif isinstance(value, list):
        yield from ((f"{path}[{place}]", inner) for place, inner in enumerate(value))


def _is_fold(split: Any) -> bool:
    """Whether a fold is all that is asked of how data is split."""
    return isinstance(split, dict) and split.keys() == {"fold"}


def _check_markers(path: str, node: Mapping[str, Any]) -> Iterator[Problem]:
    """Hydra's own keys of a node."""
    for key in ("_partial_", "_recursive_"):
        if not isinstance(node.get(key, False), bool):
            yield Problem(f"{path}.{key}", "must be true or false", str(node[key]))
    if not isinstance(node.get("_args_", []), list):
        yield Problem(f"{path}._args_", "must be a list, in brackets", str(node["_args_"]))
    if node.get("_convert_", "none") not in CONVERSIONS:
        message = f"must be one of {', '.join(CONVERSIONS)}"
        yield Problem(f"{path}._convert_", message, str(node["_convert_"]))


def _parameters(node: Mapping[str, Any], target: Any, group: str) -> dict[str, Parameter]:
    """Keys that a node may have; those are required that nobody else passes."""
    supplied, offered = _passed(str(node["_target_"]), target, group)
    is_open = bool(node.get("_args_")) or (group == NESTED and node.get("_partial_", False))
    parameters = {
        key: Parameter(one.hint, one.required and key not in offered and not is_open, one.default)
        for key, one in parameters_of(target).items()
        if key not in supplied
    }
    if group == "task":  # those of `task=auto` are off unless someone sets them
        keys = fields_of(TaskKeys).items()
        parameters = {key: replace(one, required=False) for key, one in keys} | parameters
    if group == "optimizer":
        parameters = fields_of(OptimizerKeys) | parameters
    if "batch_tokens" in node and getattr(target, "kind", None) == "text":
        parameters |= fields_of(DataKeys)
    if makes_metric(target) and takes_any_key(target):
        parameters |= dict.fromkeys(OF_EVERY_METRIC, Parameter(Any, required=False))
    known = ALLOWED.get(current_target(str(node["_target_"])))
    return {key: one for key, one in parameters.items() if known is None or key in known.parameters}


def _loader_keys(target: Any, name: str) -> dict[str, Parameter]:
    """Keys of a data node that are `TorchDatasets`' own, where that wraps what a target makes."""
    if makes_data_module(name):
        return {}
    of_wrapper, own = parameters_of(find_target(WRAPPER)), parameters_of(target)
    return {
        key: one
        for key, one in of_wrapper.items()
        if key not in {"train", "val", "test"} and key not in own
    }


def _passed(name: str, target: Any, group: str) -> tuple[set[str], set[str]]:
    """What a target is passed whatever the config says, and what unless it says it."""
    if group == "model" and makes_lightning_module(name):
        return set(), OF_MODULES
    if group == "model":
        return SUPPLIED[group], FROM_DATA
    if group == "metrics":
        return set(), OF_METRICS
    if group == "data" and not makes_leyden_data(name):
        return set(), SUPPLIED[group] if is_function(target) else set()
    return SUPPLIED.get(group, set()), set()
