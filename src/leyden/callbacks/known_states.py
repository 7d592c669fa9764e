"""What callbacks take up of a checkpoint, which may be a stranger's."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import (
    BackboneFinetuning,
    DeviceStatsMonitor,
    EarlyStopping,
    LearningRateMonitor,
    ModelCheckpoint,
    ModelPruning,
    ModelSummary,
    StochasticWeightAveraging,
    Timer,
    WeightAveraging,
)
from torch import Tensor

from leyden.callbacks.best_checkpoint import BestCheckpoint
from leyden.callbacks.measurements import StepLoss
from leyden.callbacks.recorder import Recorder
from leyden.callbacks.stopping import Pruning
from leyden.errors import CheckpointError
from leyden.files.json_file import mismatch
from leyden.run.content import Best
from leyden.run.foreign_links import lies_in

log = logging.getLogger("leyden")

KNOWN: dict[type[Callback], dict[str, Any]] = {
    BestCheckpoint: {"scores": dict[int, float]},
    Pruning: {"reported": int | None, "min_validations": int | None},
    Recorder: {"monitored": list[tuple[int, float]], "best": Best},
    StepLoss: {"kept": dict[str, str], "last": tuple[int, str] | None},
    BackboneFinetuning: {
        "internal_optimizer_metadata": dict[int, list[dict[str, Any]]],
        "previous_backbone_lr": float | None,
    },
    DeviceStatsMonitor: {},
    EarlyStopping: {
        "wait_count": int,
        "stopped_epoch": int,
        "best_score": Tensor,
        "patience": int,
        "stopping_reason": int,
        "stopping_reason_message": str | None,
    },
    LearningRateMonitor: {},
    ModelCheckpoint: {
        "monitor": str | None,
        "best_model_score": Tensor | None,
        "best_model_path": str,
        "current_score": Tensor | None,
        "dirpath": str,
        "best_k_models": dict[str, Tensor],
        "kth_best_model_path": str,
        "kth_value": Tensor,
        "last_model_path": str,
    },
    ModelPruning: {},
    ModelSummary: {},
    StochasticWeightAveraging: {
        "n_averaged": int,
        "latest_update_epoch": int,
        "scheduler_state": dict[str, Any] | None,
        "average_model_state": dict[str, Tensor] | None,
    },
    Timer: {"time_elapsed": dict[str, float]},
    WeightAveraging: {"latest_update_step": int},
}
"""Keys of the states of callbacks, and the types of their values. What a class of the user's own
keeps is known to that class alone."""


class KnownStates(Callback):
    """Gives callbacks the keys that they are known to keep, with paths in the run's own folder.

    Lightning removes checkpoints by paths that it finds there. It comes before other callbacks.
    """

    def on_load_checkpoint(
        self, trainer: Trainer, task: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        states = checkpoint.get("callbacks") or {}
        if not isinstance(states, dict):
            raise CheckpointError("the states of callbacks in the checkpoint are no mapping")
        folder = Path(trainer.default_root_dir)
        checkpoint["callbacks"] = {
            callback.state_key: known_state(callback, states[callback.state_key], folder)
            for callback in trainer.callbacks  # type: ignore[attr-defined]
            if callback.state_key in states
        }


def known_state(callback: Callback, state: Any, folder: Path) -> Any:
    """A callback's state as it may be taken up.

    Args:
        callback: Whose state it is.
        state: As the checkpoint has it.
        folder: Of the run.

    Raises:
        CheckpointError: A value is not of the type that the callback keeps.
    """
    kind = next((kind for kind in type(callback).__mro__ if kind in KNOWN), None)
    if kind is None:
        return state
    shape, name = KNOWN[kind], type(callback).__name__
    if not isinstance(state, dict):
        raise CheckpointError(f"the checkpoint's state of {name} is no mapping")
    known = {key: state[key] for key in shape if key in state}
    wrong = (mismatch(value, shape[key], key) for key, value in known.items())
    for said in filter(None, wrong):
        raise CheckpointError(f"the checkpoint's state of {name}: {said}")
    if isinstance(callback, ModelCheckpoint):
        known = with_own_paths(known, Path(callback.dirpath or folder / "checkpoints"), folder)
    is_users = not type(callback).__module__.startswith(("leyden.", "pytorch_lightning."))
    return {**state, **known} if is_users else known


def with_own_paths(state: Mapping[str, Any], own: Path, folder: Path) -> dict[str, Any]:
    """A `ModelCheckpoint`'s state with all paths in its folder, also where the run was moved.

    Args:
        state: Its keys are known, and their values of the right types.
        own: Folder of its checkpoints.
        folder: Of the run.
    """
    before = os.path.normpath(state.get("dirpath", own))

    def moved(path: str) -> str:
        """Empty where the path leads out of the run."""
        normal = os.path.normpath(path) if path else ""
        new = own / normal[len(before) :].lstrip(os.sep)
        if normal.startswith(before + os.sep) and normal.isprintable() and lies_in(new, folder):
            return str(new)
        if path:
            log.warning("a path in the checkpoint that is not of this run is left out: %s", path)
        return ""

    best = {moved(path): score for path, score in state.get("best_k_models", {}).items()}
    kth = moved(state.get("kth_best_model_path", ""))
    is_whole = "" not in best and (not kth or kth in best)
    found = {
        **state,
        "dirpath": str(own),
        "best_k_models": best if is_whole else {},
        "kth_best_model_path": kth if is_whole else "",
        "best_model_path": moved(state.get("best_model_path", "")),
        "last_model_path": moved(state.get("last_model_path", "")),
    }
    if not is_whole:
        found.pop("kth_value", None)
    return found
