"""Saving a checkpoint, by all processes of a run together."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from omegaconf import OmegaConf
from omegaconf.basecontainer import BaseContainer
from pytorch_lightning import Trainer
from torch import Tensor
from torch.distributed.tensor import DTensor

from leyden.compat.lightning import full_checkpoint
from leyden.distributed.sharding import own_part, share_buffers
from leyden.distributed.stop_signal import uninterrupted
from leyden.errors import Diverged
from leyden.loggers import Resumable
from leyden.run.checkpoint_file import STEP
from leyden.tasks import Task
from leyden.tasks.log_values import loop_of
from leyden.tasks.step_count import steps_done

log = logging.getLogger("leyden")


def save(trainer: Trainer, path: Path, *, score: float | None = None) -> None:
    """Writes a checkpoint, and what was logged until then.

    Args:
        trainer: Trainer at the end of an optimizer step.
        path: File in the folder of the run.
        score: Goes into the marker.

    Raises:
        OSError: In all processes, if one of them could not write.
        Diverged: A weight is NaN or infinite: such a network is never kept.
        Interrupted: A signal that came meanwhile insists; the checkpoint is there.
    """
    with uninterrupted(), loop_of(trainer).clock.paused():
        require_finite_weights(trainer)
        error = None
        try:
            # As `Trainer.save_checkpoint`, whose barrier would wait for a process that failed.
            write(trainer, checkpoint_of(trainer), path, score=score)
        except OSError as found:
            error = found
        if not all_agree(trainer, error is None):
            raise error or OSError(f"another process could not write {path.name}")


def require_finite_weights(trainer: Trainer) -> None:
    """Sees to it that no broken network is kept.

    Raises:
        Diverged: A weight is NaN or infinite, in any process.
    """
    parameters = trainer.lightning_module.parameters()
    is_sound = all(bool(torch.isfinite(own_part(p)).all()) for p in parameters)
    if not all_agree(trainer, is_sound):
        raise Diverged(f"a weight is NaN or infinite at step {steps_done(trainer)}")


def checkpoint_of(trainer: Trainer) -> dict[str, Any]:
    """What a checkpoint holds; its tensors may be those that are trained."""
    share_buffers(trainer.lightning_module)
    checkpoint = full_checkpoint(trainer)
    if steps_done(trainer) != trainer.global_step:
        checkpoint[STEP] = steps_done(trainer)
    if not isinstance(trainer.lightning_module, Task):
        make_loadable(checkpoint)
    checkpoint["state_dict"] = {
        k: without_shared_memory(v) for k, v in checkpoint["state_dict"].items()
    }
    return checkpoint


def make_loadable(checkpoint: dict[str, Any]) -> None:
    """Leaves out of a module's hyperparameters what is no plain value, such as a network.

    `save_hyperparameters()` keeps all arguments of a constructor. Checkpoints are read without
    pickle's code (`weights_only`), so one with more than plain values could never be read again.
    """
    for key in ("hyper_parameters", "datamodule_hyper_parameters"):
        if key in checkpoint:
            kept = {name: plain_value(value) for name, value in plain_items(checkpoint[key])}
            checkpoint[key] = {name: value for name, value in kept.items() if is_plain(value)}
            left_out = sorted(str(name) for name in kept.keys() - checkpoint[key].keys())
            if left_out:
                log.debug("left out of the checkpoint's %s: %s", key, ", ".join(left_out))
    for key in ("hparams_type", "datamodule_hparams_type"):
        checkpoint.pop(key, None)  # a class, such as DictConfig


def plain_items(kept: Mapping[Any, Any]) -> Iterable[tuple[Any, Any]]:
    """Names and values of hyperparameters; those of OmegaConf may lack a value."""
    if isinstance(kept, BaseContainer):
        kept = cast(dict[Any, Any], OmegaConf.to_container(kept, resolve=True))
    return kept.items()


def is_plain(value: Any) -> bool:
    """Whether a value is made of numbers, texts, tensors, and lists and mappings of these."""
    if isinstance(value, Mapping):
        return all(map(is_plain, value)) and all(map(is_plain, value.values()))
    if type(value) in (list, tuple):
        return all(map(is_plain, value))
    return (
        value is None
        or type(value) in (bool, int, float, str, bytes, complex)
        or (type(value) is Tensor)
    )


def plain_value(value: Any) -> Any:
    """A plain value without OmegaConf's containers."""
    if isinstance(value, BaseContainer):
        return OmegaConf.to_container(value, resolve=True)
    if isinstance(value, Mapping):
        return {key: plain_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        made = [plain_value(inner) for inner in value]
        return made if isinstance(value, list) else tuple(made)
    return value


def write(
    trainer: Trainer, checkpoint: dict[str, Any], path: Path, *, score: float | None = None
) -> None:
    """Writes a checkpoint that was put together before, and what was logged until now.

    Raises:
        OSError: This process could not write it.
        Interrupted: See `save`.
    """
    with uninterrupted(), loop_of(trainer).clock.paused():
        for logger in trainer.loggers:
            if isinstance(logger, Resumable):
                logger.keep()
        options = None if score is None else {"score": score}
        trainer.strategy.save_checkpoint(checkpoint, path, storage_options=options)


def detached_copy(value: Any) -> Any:
    """A checkpoint, or a part of it, that no longer changes when training goes on."""
    if isinstance(value, Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, dict):
        return {key: detached_copy(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(detached_copy(inner) for inner in value)
    return value


def without_shared_memory(tensor: Tensor) -> Tensor:
    """A tensor without what shares its memory, which would be written with it.

    So do the weights of networks that are trained in a stack.
    """
    if isinstance(tensor, DTensor) or tensor.untyped_storage().nbytes() == tensor.nbytes:
        return tensor
    return tensor.clone()


def all_agree(trainer: Trainer, is_so: bool) -> bool:
    """Whether all processes say so."""
    if trainer.world_size == 1:
        return is_so
    return trainer.strategy.reduce_boolean_decision(is_so, all=True)
