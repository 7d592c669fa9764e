"""Which states callbacks load from a checkpoint that is not trusted."""

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

from leyden.errors import CheckpointError
from leyden.files.json_file import mismatch
from leyden.run.foreign_links import lies_in

log = logging.getLogger("leyden")

LIGHTNINGS: dict[type[Callback], dict[str, Any]] = {
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
"""Keys of the states of Lightning's callbacks, and the types of their values. Leyden's own, and a
user's if it likes, say this of themselves by `state_types`."""


class CheckpointStateFilter(Callback):
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
        callback: Callback whose state it is.
        state: State as the checkpoint has it.
        folder: Folder of the run.

    Raises:
        CheckpointError: A value is not of the type that the callback keeps.
    """
    own = type(callback)
    kind = next((kind for kind in own.__mro__ if types_of(kind) is not None), None)
    if kind is None:
        return state
    shape, name = types_of(kind) or {}, own.__name__
    if not isinstance(state, dict):
        raise CheckpointError(f"the checkpoint's state of {name} is no mapping")
    known = {key: state[key] for key in shape if key in state}
    wrong = (mismatch(value, shape[key], key) for key, value in known.items())
    for said in filter(None, wrong):
        raise CheckpointError(f"the checkpoint's state of {name}: {said}")
    if isinstance(callback, ModelCheckpoint):
        known = with_own_paths(known, Path(callback.dirpath or folder / "checkpoints"), folder)
    return known if kind is own else {**state, **known}  # a subclass may keep more


def types_of(kind: type) -> Mapping[str, Any] | None:
    """The keys of the state of a class, and their types; None where they are not known."""
    declared: Mapping[str, Any] | None = vars(kind).get("state_types")
    return LIGHTNINGS.get(kind) if declared is None else declared


def with_own_paths(state: Mapping[str, Any], own: Path, folder: Path) -> dict[str, Any]:
    """A `ModelCheckpoint`'s state with all paths in its folder, also where the run was moved.

    Args:
        state: State whose keys are known, with values of the right types.
        own: Folder of its checkpoints.
        folder: Folder of the run.
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
