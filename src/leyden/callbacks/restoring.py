"""Gives a LightningModule and the user's callbacks what a checkpoint has, to be tested."""

from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer

from leyden.callbacks.known_states import known_state
from leyden.run.checkpoints import load_weights
from leyden.run.sharded import is_sharded, read_meta


def restore(trainer: Trainer, module: LightningModule, checkpoint: Path) -> None:
    """Restores weights, what the module's own hook takes, and the states of the user's callbacks.

    A callback with averaged weights, say, tests with those of its state. Leyden's callbacks keep
    theirs: these are of the whole run.

    Args:
        trainer: Trainer with the callbacks of the run.
        module: Module that is tested.
        checkpoint: Checkpoint of the run.
    """
    content = content_of(checkpoint)
    module.on_load_checkpoint(content)
    load_weights(module, checkpoint)
    states = content.get("callbacks") or {}
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if type(callback).__module__.startswith("leyden."):
            continue
        callback.on_load_checkpoint(trainer, module, content)
        if callback.state_key in states:
            folder = Path(trainer.default_root_dir)
            callback.load_state_dict(known_state(callback, states[callback.state_key], folder))


def content_of(checkpoint: Path) -> dict[str, Any]:
    """All of a checkpoint; of one in parts, all but the tensors."""
    if is_sharded(checkpoint):
        return read_meta(checkpoint)
    content: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return content
