"""A run's budget, in the terms of the trainer: comparisons at equal cost are then a word."""

from collections.abc import Iterator
from math import ceil, floor

from omegaconf import DictConfig, open_dict

from leyden.data import Spec
from leyden.errors import ConfigError, Problem

KINDS = ("steps", "tokens", "flops", "seconds")
OPEN_ENDED = ("leyden.optim.constant", "leyden.optim.plateau")
"""Schedules that need not know how many steps there will be."""


def budget_of(cfg: DictConfig) -> dict[str, float]:
    """The kinds of budget that a config gives, and how much of each."""
    node = cfg.get("budget")
    if not isinstance(node, DictConfig):
        return {}
    return {kind: node[kind] for kind in KINDS if node.get(kind) is not None}


def budget_problems(cfg: DictConfig) -> Iterator[Problem]:
    """Budgets that contradict each other, or the config."""
    given, node = budget_of(cfg), cfg.get("budget")
    if node is not None and not isinstance(node, DictConfig):
        message = f"says no unit; type one of {', '.join(f'`budget.{kind}`' for kind in KINDS)}"
        yield Problem("budget", message, str(node))
    if len(given) > 1:
        named = " and ".join(f"budget.{kind}" for kind in given)
        yield Problem("budget", f"{named} are given; one of them decides how long the run is")
    if "seconds" in given and str(cfg.scheduler.get("_target_")) not in OPEN_ENDED:
        message = "needs `scheduler=constant`: how many steps there will be is not known"
        yield Problem("budget.seconds", message, f"{given['seconds']:g}")


def spend_budget(cfg: DictConfig, spec: Spec | None, flops_per_step: int | None) -> None:
    """Writes into the trainer's keys how long the budget lets the run be.

    Args:
        cfg: Config; its `trainer` is changed.
        spec: Spec of the data; None where it does not say one.
        flops_per_step: Operations of an optimizer step; None where they can't be counted before.

    Raises:
        ConfigError: The budget does not suffice for a step, or can't be counted here, or the
            trainer's own keys say another length.
    """
    for kind, amount in budget_of(cfg).items():
        key, value = _length(kind, amount, spec, flops_per_step)
        said = cfg.trainer.get(key)
        if said is not None and said != value:
            message = f"is said by budget.{kind}, which gives {value}; leave one of them out"
            raise ConfigError([Problem(f"trainer.{key}", message, str(said))])
        with open_dict(cfg):
            cfg.trainer[key] = value
            if kind == "seconds":
                cfg.trainer.max_epochs = None


def _length(
    kind: str, amount: float, spec: Spec | None, flops_per_step: int | None
) -> tuple[str, int | str]:
    """A key of the trainer, and its value."""
    shown = f"{amount:g}"
    if kind == "seconds":
        minutes, seconds = divmod(ceil(amount), 60)
        hours, minutes = divmod(minutes, 60)
        return "max_time", f"{hours // 24:02}:{hours % 24:02}:{minutes:02}:{seconds:02}"
    if kind == "steps":
        return "max_steps", int(amount)
    if kind == "tokens":
        if spec is None or spec.task_name != "language_modeling":
            message = "is for text that is read on; type `budget.steps` or `budget.flops`"
            raise ConfigError([Problem("budget.tokens", message, shown)])
        return "max_tokens", int(amount)
    if flops_per_step is None:
        message = "can't be counted before the run for this model; type `budget.steps`"
        raise ConfigError([Problem("budget.flops", message, shown)])
    steps = floor(amount / flops_per_step)
    if steps < 1:
        message = f"is less than the {flops_per_step:.3g} FLOPs of one optimizer step"
        raise ConfigError([Problem("budget.flops", message, shown)])
    return "max_steps", steps
