"""What Lightning's checkpoints lack for a run to go on as if nothing had happened."""

import random
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, distributed

from leyden.compat.lightning import leave_restart
from leyden.data.loader import Loader
from leyden.tasks import LanguageModeling

KEY = "leyden_resume"


class ResumeState(Callback):
    """Keeps the place in the data and the state of every generator of random numbers.

    Lightning saves the loader's place, but hands it back only to some checkpoints (its
    `FitLoop.restarting`), and saves no generator at all. These are put back before the first step,
    not earlier: making the loaders draws from them.
    """

    def __init__(self) -> None:
        self.place: dict[str, int] | None = None
        self.own: dict[str, Any] | None = None

    def on_save_checkpoint(
        self, trainer: Trainer, task: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        own = {"generators": generator_states(), "carried": recurrent_state_of(task)}
        of_ranks: list[dict[str, Any] | None] = [own]
        if trainer.world_size > 1:
            of_ranks = [None] * trainer.world_size
            distributed.all_gather_object(of_ranks, own)
        loader = trainer.train_dataloader
        if isinstance(loader, Loader):
            checkpoint[KEY] = {
                "place": loader.state_dict(),
                "accumulate": trainer.accumulate_grad_batches,
                "ranks": of_ranks,
            }

    def on_load_checkpoint(
        self, trainer: Trainer, task: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        state = checkpoint.get(KEY)
        if state is None:
            return
        self.place = state["place"]
        if state["accumulate"] != trainer.accumulate_grad_batches:
            share = Fraction(trainer.accumulate_grad_batches, state["accumulate"])
            rescale_counts(checkpoint, self.place, share)
        # Before there was a state that is carried along, the generators stood alone.
        ranks = state.get("ranks") or [{"generators": one} for one in state["generators"]]
        if len(ranks) == trainer.world_size:
            self.own = ranks[trainer.global_rank]

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        loader = trainer.train_dataloader
        if self.place is not None and isinstance(loader, Loader):
            loader.load_state_dict(self.place)
            if self.place["batch"] >= len(loader.sampler):
                begin_epoch(trainer)
                if self.own is not None:
                    self.own["carried"] = None
        self.place = None

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if self.own is not None:
            restore_generators(self.own["generators"])
            restore_recurrent_state(task, self.own.get("carried"))
        self.own = None


def recurrent_state_of(task: LightningModule) -> list[Tensor] | None:
    """What a recurrent network on a stream reads its next batch from."""
    state = task.train_state.state if isinstance(task, LanguageModeling) else None
    return None if state is None else [part.cpu() for part in as_parts(state)]


def as_parts(state: tuple[Tensor, ...] | Tensor) -> tuple[Tensor, ...]:
    """An LSTM has two, others one."""
    return state if isinstance(state, tuple) else (state,)


def restore_recurrent_state(task: LightningModule, parts: list[Tensor] | None) -> None:
    """Gives it back what `recurrent_state_of` said."""
    if parts is None or not isinstance(task, LanguageModeling):
        return
    here = tuple(part.to(task.device) for part in parts)
    task.train_state.keep(here if len(here) > 1 else here[0])


def begin_epoch(trainer: Trainer) -> None:
    """Lets a run whose checkpoint stands between two epochs begin the second.

    Where steps decide on its length Lightning would go on with the first (its `FitLoop.restarting`
    and `_iter_based_training`), beyond its last batch.
    """
    leave_restart(trainer)
    epochs = trainer.fit_loop.epoch_progress
    if epochs.current.completed < epochs.current.ready:
        epochs.increment_completed()


def rescale_counts(checkpoint: dict[str, Any], place: dict[str, int], share: Fraction) -> None:
    """Counts batches, of which a step now has `share` times as many, for loops and loader."""
    place["batch"] = int(place["batch"] * share)
    progress = checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]
    for counts in (progress["total"], progress["current"]):
        ready = counts["ready"]
        for name, count in counts.items():  # the last batch is not yet `completed`
            counts[name] = int(ready * share) - (ready - count)


def generator_states() -> dict[str, Any]:
    """Of Python, NumPy, torch and each GPU; tensors and plain types, which load without pickle.

    Hundreds of numbers are tensors: a list of them takes longer to write than a small network.
    """
    version, words, gauss = random.getstate()
    numpy = np.random.get_state(legacy=False)
    key = torch.from_numpy(numpy["state"]["key"].astype(np.int64))
    return {
        "python": [version, torch.tensor(words), gauss],
        "numpy": {**numpy, "state": {**numpy["state"], "key": key}},
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_generators(states: dict[str, Any]) -> None:
    """Sets all generators to what `generator_states` gave, or gave as lists in earlier versions."""
    version, words, gauss = states["python"]
    random.setstate((version, tuple(torch.as_tensor(words).tolist()), gauss))
    numpy = states["numpy"]
    key = torch.as_tensor(numpy["state"]["key"]).numpy().astype(np.uint32)
    np.random.set_state({**numpy, "state": {**numpy["state"], "key": key}})
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
