"""Whether a step can do without Lightning's hooks, and which callbacks are called in it."""

from collections.abc import Callable, Sequence
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from pytorch_lightning.profilers import PassThroughProfiler
from pytorch_lightning.strategies import SingleDeviceStrategy
from pytorch_lightning.utilities.types import LRSchedulerConfig

from leyden.tasks import Task

HOOKS = (
    "on_train_batch_start",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
)

MODULE_HOOKS = (
    *HOOKS,
    "on_before_batch_transfer",
    "on_after_batch_transfer",
    "transfer_batch_to_device",
    "backward",
    "optimizer_step",
    "optimizer_zero_grad",
    "lr_scheduler_step",
)
"""Methods that a LightningModule may override; Leyden's tasks do not."""

Hooks = dict[str, list[Callable[..., Any]]]
"""What callbacks do in a step, by the hook's name."""


def hooks_of(callbacks: Sequence[Callback]) -> Hooks:
    """Overridden hooks of the callbacks, by name; hooks that none overrides are absent."""
    return {
        name: hooks
        for name in HOOKS
        if (hooks := [getattr(one, name) for one in callbacks if overrides_hook(one, name)])
    }


def overrides_hook(callback: Callback, name: str) -> bool:
    """Whether a callback has a hook of its own."""
    return getattr(type(callback), name) is not getattr(Callback, name)


def is_for_log_steps(callback: Callback) -> bool:
    """Whether it does nothing in the steps that are not logged: it says `only_log_steps`."""
    return getattr(callback, "only_log_steps", False)


def takes_fast_path(trainer: Trainer) -> bool:
    """Whether the fast path supports this trainer."""
    precision = trainer.precision_plugin
    has_scaler = isinstance(precision, MixedPrecision) and precision.scaler is not None
    return (
        isinstance(trainer.lightning_module, Task)
        and isinstance(trainer.strategy, SingleDeviceStrategy)
        and isinstance(trainer.profiler, PassThroughProfiler)  # type: ignore[attr-defined]
        and trainer.lightning_module.automatic_optimization
        and trainer.accumulate_grad_batches == 1
        and not has_scaler
        and all(steps_each_time(config) for config in trainer.strategy.lr_scheduler_configs)
        and not any(is_overridden(name, trainer.lightning_module) for name in MODULE_HOOKS)
    )


def steps_each_time(config: LRSchedulerConfig) -> bool:
    """Whether a schedule goes on by one with each step, as those of Leyden's tasks do."""
    return config.interval == "step" and config.frequency == 1 and not config.reduce_on_plateau


def is_overridden(name: str, task: LightningModule) -> bool:
    """Whether a task does it in a way of its own."""
    return getattr(type(task), name) is not getattr(LightningModule, name)
