"""What a config may pass to the parts of other libraries: numbers, words, labels and other parts.

A text could name a file, an address, a module or code. So it is taken only by a parameter that is
listed here: it chooses among the library's own words, or is a label. Whatever a library adds later
takes none.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

from leyden.config.instantiate import MARKERS
from leyden.config.library_parts import LIBRARY_MODULES, MODELS
from leyden.config.targets import is_user_target
from leyden.errors import Problem

WORD = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)
"""A word of a library: no path, no address, no code."""

WORDS = (
    *("acc_policy", "activation", "adjust_lr_fn", "aggregation", "aggregation_level"),
    *("alternative", "anneal_strategy", "approximate", "average", "average_method", "box_format"),
    *("chunking_method", "clamping_mode", "distance_metric", "empty_target_action", "eval_func"),
    *("format", "input_format", "interpolation", "iou_type", "labels_getter", "language"),
    *("line_search_fn", "mode", "multiclass_mode", "multidim_average", "multioutput"),
    *("nan_strategy", "nonlinearity", "norm", "normalization", "normalize", "padding"),
    *("padding_mode", "reduction", "sampling_strategy", "scale_mode", "task"),
    *("threshold_mode", "value", "variant", "version", "weight_type", "weights"),
)
"""Parameters that choose by a word."""

CHOICES = {
    "backend": ("pycocotools", "faster_coco_eval"),
    "tokenize": ("none", "13a", "zh", "intl", "char"),
}
"""Parameters that would import or fetch something for other words."""

LABELS = ("labels", "postfix", "prefix")
"""Parameters whose texts are shown, and nothing else."""

WITHHELD = {
    "device": "the trainer moves all parts; use `trainer.accelerator`",
    "dtype": "a config names no types of numbers; use `trainer.precision`",
    "dist_sync_fn": "Lightning gathers the metrics of all processes; leave it out",
    "distributed_available_fn": "Lightning gathers the metrics of all processes; leave it out",
    "multiprocessing_context": "Leyden says how worker processes start; leave it out",
    "pin_memory_device": "use `pin_memory`",
    "process_group": "Lightning makes the groups of processes; leave it out",
    "worker_init_fn": "Leyden seeds worker processes; leave it out",
}
"""Parameters that a config can't set, and why."""

NO_WEIGHTS = "would be fetched; leave it out, and load a file by `init_from=FILE`"
MUST_BE_NULL = "must be null, as the default would be fetched; load a file by `init_from=FILE`"
NO_TEXT = "takes no text; give a number, or a part by `_target_`: a function with `_partial_: true`"
NO_WORD = "must be a word of letters, digits, - and _"
AT_ONCE = "networks are made at once; leave it out"
NOT_MADE = "parts of libraries take what nodes make, not nodes; leave it out"
BY_NAME = "give the arguments of a network by their names"


def unsafe_arguments(path: str, node: Mapping[Any, Any], target: Any) -> Iterator[Problem]:
    """What a node passes to a part of another library though configs may not.

    Nodes within it are not looked at: each has to be checked itself. Nothing is said of other
    targets, nor of libraries that the user allows as a whole.

    Args:
        path: Full key of the node.
        node: Plain value with `_target_`.
        target: What `find_target` has found.
    """
    name = str(node["_target_"])
    module = name.rpartition(".")[0]
    if module not in LIBRARY_MODULES or is_user_target(name):
        return
    if module in MODELS and not inspect.isclass(target):
        yield from _fetched_weights(path, node, target)
    if node.get("_recursive_") is False:
        yield Problem(f"{path}._recursive_", NOT_MADE, "false")
    for place, value in enumerate(_listed(node.get("_args_"))):
        yield from _unsafe_value(f"{path}._args_.{place}", value, None)
    for key, value in node.items():
        if key not in MARKERS:
            yield from _unsafe_value(f"{path}.{key}", value, str(key))


def _fetched_weights(path: str, node: Mapping[Any, Any], target: Any) -> Iterator[Problem]:
    """By what a builder of torchvision's would fetch weights: it takes them by old names too."""
    for key, message in (("_partial_", AT_ONCE), ("_args_", BY_NAME)):
        if node.get(key):
            yield Problem(f"{path}.{key}", message)
    for key, value in node.items():
        if _is_of_weights(str(key)) and value is not None:
            yield Problem(f"{path}.{key}", NO_WEIGHTS, str(value))
    for key, parameter in inspect.signature(target).parameters.items():
        if _is_of_weights(key) and key not in node and parameter.default is not None:
            yield Problem(f"{path}.{key}", MUST_BE_NULL)


def _is_of_weights(key: str) -> bool:
    return key.startswith(("weights", "pretrained"))


def _unsafe_value(path: str, value: Any, parameter: str | None) -> Iterator[Problem]:
    """What is wrong with an argument, or with the values within it.

    Args:
        path: Full key.
        value: Plain value.
        parameter: Name of the parameter; None where a value has no name.
    """
    if value is not None and parameter in WITHHELD:
        yield Problem(path, f"is not taken here; {WITHHELD[parameter]}", str(value))
    elif isinstance(value, dict):
        if "_target_" in value:
            return
        for key, inner in value.items():
            yield from _unsafe_value(f"{path}.{key}", inner, None)
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _unsafe_value(f"{path}.{place}", inner, parameter)
    elif message := _unsafe_text(value, parameter):
        yield Problem(path, message, str(value))


def _unsafe_text(value: Any, parameter: str | None) -> str | None:
    """What is wrong with a single value: whatever is no number counts as a text."""
    if value is None or isinstance(value, bool | int | float):
        return None
    if not isinstance(value, str) or parameter is None:
        return NO_TEXT
    if parameter in CHOICES:
        words = CHOICES[parameter]
        return None if value in words else f"must be one of {', '.join(words)}"
    if parameter in WORDS:
        return None if WORD.fullmatch(value) else NO_WORD
    return None if parameter in LABELS else NO_TEXT


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
