"""Saving a checkpoint, by all processes of a run together."""

from pathlib import Path

import torch
from pytorch_lightning import Trainer
from torch import Tensor
from torch.distributed.tensor import DTensor

from leyden.loggers import Resumable
from leyden.parallel import own_part, share_buffers
from leyden.runs.record import Diverged


def save(trainer: Trainer, path: Path, *, score: float | None = None) -> None:
    """Writes a checkpoint, and what was logged until then.

    Args:
        trainer: At the end of an optimizer step.
        path: In the run's folder.
        score: Goes into the marker.

    Raises:
        OSError: In all processes, if one of them could not write.
        Diverged: A weight is NaN or infinite: such a network is never kept.
    """
    task = trainer.lightning_module
    is_sound = all(bool(torch.isfinite(own_part(p)).all()) for p in task.parameters())
    if not agreed(trainer, is_sound):
        raise Diverged(f"a weight is NaN or infinite at step {trainer.global_step}")
    for logger in trainer.loggers:
        if isinstance(logger, Resumable):
            logger.keep()
    share_buffers(task)
    error = None
    try:
        # As `Trainer.save_checkpoint`, whose barrier others would wait at if one process failed.
        checkpoint = trainer._checkpoint_connector.dump_checkpoint(weights_only=False)
        checkpoint["state_dict"] = {k: alone(v) for k, v in checkpoint["state_dict"].items()}
        options = None if score is None else {"score": score}
        trainer.strategy.save_checkpoint(checkpoint, path, storage_options=options)
    except OSError as found:
        error = found
    if not agreed(trainer, error is None):
        raise error or OSError(f"another process could not write {path.name}")


def alone(tensor: Tensor) -> Tensor:
    """A tensor without what shares its memory, which would be written with it.

    So do the weights of networks that are trained in a stack.
    """
    if isinstance(tensor, DTensor) or tensor.untyped_storage().nbytes() == tensor.nbytes:
        return tensor
    return tensor.clone()


def agreed(trainer: Trainer, is_so: bool) -> bool:
    """Whether all processes say so."""
    if trainer.world_size == 1:
        return is_so
    return trainer.strategy.reduce_boolean_decision(is_so, all=True)
