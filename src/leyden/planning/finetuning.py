"""Fine-tuning: what of a network is trained, from which step on, and at which learning rate."""

from collections.abc import Iterator, Mapping
from typing import Any

from omegaconf import DictConfig
from torch import nn

from leyden.config.plain import plain
from leyden.config.schema import OptimizerKeys
from leyden.config.signature import fields_of, parameters_of
from leyden.config.targets import find_target
from leyden.errors import Problem, suggestion
from leyden.optim.layers import layers_of
from leyden.optim.patterns import matching_parameters


def frozen_until(cfg: DictConfig) -> dict[str, int | None]:
    """The patterns of `freeze`, each with the step until which it holds; None: all steps."""
    given = cfg.get("freeze")
    if given is None:
        return {}
    if isinstance(given, str):
        return {given: None}
    if isinstance(given, DictConfig):
        return {str(name): steps for name, steps in plain(given).items()}
    return dict.fromkeys(map(str, given))


def rate_keys(cfg: DictConfig) -> dict[str, Any]:
    """Keys of `optimizer` that are not its target's: they say how rates differ."""
    if cfg.get("optimizer") is None:
        return {}
    own = parameters_of(find_target(str(cfg.optimizer._target_)))
    given = plain(cfg.optimizer)
    found = {key: given[key] for key in fields_of(OptimizerKeys) if key in given and key not in own}
    if found.get("lr_multipliers"):
        found["lr_multipliers"] = {str(n): rate for n, rate in found["lr_multipliers"].items()}
    return found


def names_problems(cfg: DictConfig, net: nn.Module) -> Iterator[Problem]:
    """Patterns that name no parameter of the network, or two things for the same one.

    Args:
        cfg: Config of the run.
        net: Its network or LightningModule; may be on the meta device.
    """
    frozen, rates = frozen_until(cfg), rate_keys(cfg)
    multipliers = rates.get("lr_multipliers") or {}
    found = [
        *_named_wrongly("freeze", frozen, net),
        *_named_wrongly("optimizer.lr_multipliers", multipliers, net),
    ]
    yield from found
    if found:
        return
    names = {name for name, _ in net.named_parameters()}
    at_first = {name for one in frozen for name in matching_parameters(net, one)}
    always = {
        name
        for one, steps in frozen.items()
        if steps is None
        for name in matching_parameters(net, one)
    }
    if frozen and always == names:
        yield Problem("freeze", "names all parameters; leave out those that are to be trained")
    elif frozen and at_first == names:
        step = min(step for step in frozen.values() if step is not None)
        message = f"leaves nothing to train before step {step}; leave out the head, at least"
        yield Problem("freeze", message)
    for pattern in multipliers:
        if always.issuperset(matching_parameters(net, pattern)):
            message = "has no effect: `freeze` names these parameters, for the whole run"
            yield Problem(f"optimizer.lr_multipliers.{pattern}", message)
    if rates.get("layer_decay") is not None and len(layers_of(net)) < 2:
        message = "has no effect: this model has a single layer; leave it out"
        yield Problem("optimizer.layer_decay", message, str(rates["layer_decay"]))


def _named_wrongly(key: str, patterns: Mapping[str, object], net: nn.Module) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for pattern in patterns:
        matched = matching_parameters(net, pattern)
        if not matched:
            parts = sorted(name for name, _ in net.named_modules() if name)
            message = f"no parameter of the model has such a name; {suggestion(pattern, parts)}"
            yield Problem(key, message, pattern)
        twice = next((name for name in matched if name in taken), None)
        if twice is not None:
            message = f"names `{twice}`, as `{taken[twice]}` does; a parameter is named once"
            yield Problem(key, message, pattern)
        taken |= dict.fromkeys(matched, pattern)
