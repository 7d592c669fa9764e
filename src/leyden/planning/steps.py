"""How long a run, an epoch, a validation and a test are, in optimizer steps and batches."""

from collections.abc import Iterator
from math import ceil
from typing import Any, cast

from omegaconf import DictConfig
from pytorch_lightning import LightningDataModule

from leyden.data import DataModule, Spec
from leyden.data.batches import BatchSampler
from leyden.errors import Problem
from leyden.planning.batch import accumulation_of, batch_size_of, num_processes_of
from leyden.planning.privacy import steps_allowed


def steps_per_epoch(cfg: DictConfig, train_samples: int) -> int:
    """Optimizer steps of an epoch, as far as `trainer.limit_train_batches` lets it go."""
    whole, limit = train_samples // batch_size_of(cfg), cfg.trainer.limit_train_batches
    if isinstance(limit, float):
        return int(whole * limit)
    return whole if limit is None else min(whole, int(limit))


def steps_between_validations(cfg: DictConfig, train_samples: int) -> int | None:
    """What `trainer.val_check_interval` says, in optimizer steps; None where it says no number."""
    interval = cfg.trainer.val_check_interval
    if isinstance(interval, float):
        return max(1, int(steps_per_epoch(cfg, train_samples) * interval))
    return interval if isinstance(interval, int) else None


def limit_problems(cfg: DictConfig, data: DataModule) -> Iterator[Problem]:
    """Limits that leave nothing to train on, to validate or to test.

    Args:
        cfg: Validated config; its batch is not larger than the training part.
        data: With its parts.
    """
    trainer, whole = cfg.trainer, data.train_samples // batch_size_of(cfg)
    steps = steps_per_epoch(cfg, data.train_samples)
    if steps == 0:
        yield _leaves_nothing("train", trainer.limit_train_batches, whole, "steps of an epoch")
    for part in ("val", "test") if data.is_readable else ():
        limit = trainer[f"limit_{part}_batches"]
        order = BatchSampler(
            len(getattr(data.splits, part)),
            batch_size=max(data.eval_batch_size, num_processes_of(cfg)),
            shuffle=False,
            seed=0,
            world_size=num_processes_of(cfg),
        )
        if isinstance(limit, float) and limit > 0 and int(len(order) * limit) == 0:
            yield _leaves_nothing(part, limit, len(order), f"{part} batches")
    interval = trainer.val_check_interval
    is_in_epoch = trainer.check_val_every_n_epoch is not None
    if isinstance(interval, float) and not is_in_epoch:
        message = "is a share of an epoch; with check_val_every_n_epoch=null type a number of steps"
        yield Problem("trainer.val_check_interval", message, str(interval))
    elif isinstance(interval, int) and is_in_epoch and 0 < steps < interval:
        message = (
            f"is more than the {steps} steps of an epoch; type {steps} or less, or"
            " `trainer.check_val_every_n_epoch=null`, which counts across epochs"
        )
        yield Problem("trainer.val_check_interval", message, str(interval))


def _leaves_nothing(part: str, limit: float, whole: int, what: str) -> Problem:
    message = f"is a share of {whole:,} {what}, and less than one of them; type 1 or more"
    return Problem(f"trainer.limit_{part}_batches", message, str(limit))


def planned_steps(cfg: DictConfig, data: DataModule) -> int | None:
    """Optimizer steps of the run, as its length says; None where a time decides."""
    steps = steps_said(cfg, data.spec)
    if steps is not None or cfg.trainer.max_epochs is None:
        return steps
    return steps_per_epoch(cfg, data.train_samples) * int(cfg.trainer.max_epochs)


def steps_said(cfg: DictConfig, spec: Spec) -> int | None:
    """Optimizer steps of the run, or None where epochs or a time decide."""
    if cfg.trainer.max_tokens is not None:
        tokens_per_step: int = cfg.data.batch_size * spec.input_shape[0]
        return ceil(int(cfg.trainer.max_tokens) / tokens_per_step)
    return cast(int | None, cfg.trainer.max_steps)


def lightning_lengths(cfg: DictConfig, data: LightningDataModule) -> dict[str, Any]:
    """The keys of `trainer` that say how long a run is, for Lightning's Trainer.

    Lightning counts micro-batches where Leyden counts optimizer steps.
    """
    trainer, accumulate = cfg.trainer, accumulation_of(cfg)
    if isinstance(data, DataModule):
        max_steps = _last_step(cfg, data)
        limit, between = trainer.limit_train_batches, trainer.val_check_interval
        if limit is not None:
            limit = accumulate * steps_per_epoch(cfg, data.train_samples)
        steps = steps_between_validations(cfg, data.train_samples)
        between = between if steps is None else accumulate * steps
    else:
        max_steps = trainer.max_steps
        limit, between = (
            accumulate * value if isinstance(value, int) else value
            for value in (trainer.limit_train_batches, trainer.val_check_interval)
        )
    return {
        "max_steps": -1 if max_steps is None else max_steps,
        "max_epochs": trainer.max_epochs if max_steps is None else -1,
        "accumulate_grad_batches": accumulate,
        "limit_train_batches": limit,
        "val_check_interval": between,
    }


def _last_step(cfg: DictConfig, data: DataModule) -> int | None:
    """The last step; None where epochs or a time decide. A budget of privacy may come first."""
    planned = planned_steps(cfg, data)
    allowed = steps_allowed(cfg, data.train_samples, planned=planned)
    return steps_said(cfg, data.spec) if allowed in (None, planned) else allowed
