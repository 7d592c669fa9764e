"""What of a config decides what is computed: configs that differ in the rest are one job."""

import hashlib
import json
from functools import cache
from typing import Any, cast

from omegaconf import DictConfig

from leyden.config.environment import recordable
from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.renamed import FORMER_KEYS, FORMER_TARGETS
from leyden.config.targets import find_target

NON_SEMANTIC_KEYS = (
    "name",
    "run_dir",
    "logger",
    "data.num_workers",
    "trainer.accelerator",
    "trainer.devices",
    "trainer.num_nodes",
    "trainer.strategy",
    "trainer.sharded_checkpoints",
    "trainer.timeout",
    "trainer.micro_batch",
    "trainer.accumulate_grad_batches",
    "compile",
    "trainer.log_every_n_steps",
    "trainer.peak_flops",
    "trainer.profiler",
    "resume",
    "monitor.reduce",
    "baselines",
)
"""Keys that do not change what is computed. Callbacks say it of themselves; see `is_observer`. Keys
of the user's own (`own_keys`) act by the interpolations in others alone."""

ADDED_LATER = {"privacy": None, "freeze": None, "strict": True}
"""Keys of the root with the value at which a config is that of a version without them."""


def config_digest(cfg: DictConfig) -> str:
    """sha256 of what decides what is computed."""
    text = json.dumps(semantic_config(cfg), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def semantic_config(cfg: DictConfig) -> dict[str, Any]:
    """The config, as it is recorded, without what does not change what is computed."""
    plain = cast(dict[str, Any], recordable(cfg))
    for key in plain.pop("own_keys", None) or ():
        plain.pop(key, None)
    plain.pop("budget", None)  # it acts by the keys of the trainer that it sets
    for key, default in ADDED_LATER.items():
        if plain.get(key) == default:
            plain.pop(key, None)
    for path in NON_SEMANTIC_KEYS:
        *parents, last = path.split(".")
        node: Any = plain
        for parent in parents:
            node = node.get(parent, {})
        node.pop(last, None)
    data = plain.get("data") or {}
    for now, before in FORMER_KEYS.items():
        group, _, name = now.partition(".")
        node = plain.get(group) or {}
        if name in node:
            node[before.partition(".")[2]] = node.pop(name)
    target = str(data.get("_target_"))
    if target in FORMER_TARGETS:
        data["_target_"] = FORMER_TARGETS[target]
    callbacks = plain.get("callbacks") or {}
    for name in [name for name, node in callbacks.items() if is_observer(name, node)]:
        del callbacks[name]
    return plain


def is_observer(name: str, node: Any) -> bool:
    """Whether a callback only watches: its class has `changes_training = False`.

    Args:
        name: Name of the callback under `callbacks`.
        node: Node of the callback; None: it was removed, and the one of that name in the catalogue
            is meant.
    """
    target = node.get("_target_") if isinstance(node, dict) else catalogue().get(name)
    try:
        found = None if target is None else find_target(str(target))
    except ValueError:
        return False
    return getattr(found, "changes_training", True) is False


@cache
def catalogue() -> dict[str, str]:
    """The targets of the catalogue's callbacks, by name."""
    nodes = read_yaml(CONF / "callbacks" / "default.yaml")
    return {name: node["_target_"] for name, node in nodes.items()}
