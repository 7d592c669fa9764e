"""What a LightningModule holds besides its `state_dict`, for a run that resumes within an epoch.

The states of torchmetrics' metrics, running means of `self.log`, gradients that are added up by
hand, which parameters are trained, and attributes such as a counter or a recurrent state.
Lightning's checkpoints lack them.
"""

from collections.abc import Iterator
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

from leyden.compat.lightning import running_results
from leyden.compat.torchmetrics import set_update_count, set_window_place, window_place

PLAIN = (bool, int, float, str, Tensor, type(None))

Results = dict[str, dict[str, Any]]
"""Sums of logged values by the hook and the name under which they are logged."""

Attributes = dict[str, dict[str, Any]]
"""Values of attributes by the name of the part of the module that has them."""


def state_of(module: LightningModule) -> dict[str, Any]:
    """What a module holds besides its `state_dict`, as tensors on the CPU and plain values."""
    for part in module.modules():
        if isinstance(part, MetricCollection):  # one of a group of metrics has the states of all
            part.values(copy_state=False)
    gradients = {} if module.automatic_optimization else _gradients(module)
    return {
        "attributes": {name: _attributes(part) for name, part in _parts(module)},
        "metrics": {name: _metric_state(metric) for name, metric in _metrics(module)},
        "gradients": gradients,
        "trained": [name for name, one in module.named_parameters() if one.requires_grad],
    }


def restore_state(module: LightningModule, state: dict[str, Any]) -> None:
    """Gives a module what `state_of` said; what it does not have is passed over."""
    parts, metrics = dict(_parts(module)), dict(_metrics(module))
    for name in parts.keys() & state["attributes"].keys():
        for key, value in state["attributes"][name].items():
            if key in vars(parts[name]) or not hasattr(parts[name], key):
                setattr(parts[name], key, _moved(value, module.device))
    for name in metrics.keys() & state["metrics"].keys():
        _restore_metric(metrics[name], state["metrics"][name], module.device)
    parameters = dict(module.named_parameters())
    for name, parameter in parameters.items():
        # Lightning's callbacks for finetuning freeze again what they unfroze (Lightning#21901).
        parameter.requires_grad_(name in state["trained"])
    for name in parameters.keys() & state["gradients"].keys():
        parameters[name].grad = state["gradients"][name].to(parameters[name].device)


def results_of(trainer: Trainer) -> Results:
    """Running sums of what `self.log` is to give at the end of the training epoch."""
    return {
        key: {
            **{
                name: getattr(result, name).detach().cpu().clone()
                for name in ("value", "cumulated_batch_size")
                if isinstance(getattr(result, name, None), Tensor)
            },
            "name": result.meta.forked_name(on_step=False),
            "logger": result.meta.logger,
        }
        for key, result in running_results(trainer).items()
    }


def merge_results(trainer: Trainer, kept: Results) -> None:
    """Adds the sums from before a resume to those of the first batch; takes them out of `kept`."""
    for key, result in running_results(trainer).items():
        before = kept.pop(key, None)
        if before is None:
            continue
        value = before["value"].to(result.value.device)
        if "cumulated_batch_size" in before:
            size = before["cumulated_batch_size"].to(result.value.device)
            result.cumulated_batch_size = size + result.cumulated_batch_size
            result.value = value + result.value
        elif result.meta.is_sum_reduction:
            result.value = value + result.value
        else:  # the greatest or the least
            result.value = result.meta.reduce_fx(value, result.value)


def log_rest(module: LightningModule, kept: Results) -> None:
    """Logs at the end of a resumed epoch what was logged only before the resume."""
    for result in kept.values():
        size = result.get("cumulated_batch_size", 1)
        module.log(result["name"], result["value"] / size, logger=result["logger"], batch_size=1)


def _parts(module: LightningModule) -> Iterator[tuple[str, nn.Module]]:
    inside: tuple[str, ...] = ()
    for name, part in module.named_modules():
        if isinstance(part, Metric):
            inside = (*inside, f"{name}.")
        elif not name.startswith(inside or ("\0",)):
            yield name, part


def _metrics(module: LightningModule) -> Iterator[tuple[str, Metric]]:
    for name, part in module.named_modules():
        if isinstance(part, Metric):
            yield name, part


def _attributes(part: nn.Module) -> dict[str, Any]:
    """Attributes that are plain; those of torch and Lightning begin with an underscore."""
    return {
        key: _copied(value)
        for key, value in vars(part).items()
        if not key.startswith("_") and key != "training" and _is_plain(value)
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(isinstance(key, str | int) for key in value) and all(
            map(_is_plain, value.values())
        )
    return type(value) in PLAIN


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().cpu().clone().requires_grad_(value.requires_grad and value.is_leaf)
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [*map(_copied, value)] if isinstance(value, list) else tuple(map(_copied, value))
    return value


def _moved(value: Any, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.detach().to(device).requires_grad_(value.requires_grad)
    if isinstance(value, dict):
        return {key: _moved(inner, device) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        moved = [_moved(inner, device) for inner in value]
        return moved if isinstance(value, list) else tuple(moved)
    return value


def _metric_state(metric: Metric) -> dict[str, Any]:
    return {
        "states": _copied(metric.metric_state),
        "updates": metric.update_count,
        "attributes": _attributes(metric),  # such as the greatest value that was ever computed
        "place": window_place(metric),
    }


def _restore_metric(metric: Metric, state: dict[str, Any], device: torch.device) -> None:
    values = {**state.get("attributes", {}), **state["states"]}
    for name in vars(metric).keys() & values.keys():
        setattr(metric, name, _moved(values[name], device))
    set_update_count(metric, state["updates"])
    set_window_place(metric, state.get("place"))


def _gradients(module: LightningModule) -> dict[str, Tensor]:
    return {
        name: parameter.grad.detach().cpu().clone()
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }
