"""What Lightning's checkpoints lack for a run to go on as if nothing had happened."""

from fractions import Fraction
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, distributed

from leyden.callbacks.module_state import (
    Results,
    log_rest,
    merge_results,
    restore_state,
    results_of,
    state_of,
)
from leyden.compat.lightning import leave_restart, training_loaders
from leyden.data.generators import generator_states, restore_generators
from leyden.data.loader import Loader
from leyden.data.replay import Replay
from leyden.errors import CheckpointError
from leyden.tasks import LanguageModeling
from leyden.tasks.log_values import loop_of

KEY = "leyden_resume"


class ResumeState(Callback):
    """Keeps the place in the data and the state of every generator of random numbers.

    Lightning saves the loader's place, but hands it back only to some checkpoints (its
    `FitLoop.restarting`), and saves no generator at all. These are put back before the first step,
    not earlier: making the loaders draws from them. For loaders that are none of Leyden's, see
    `leyden.data.replay`.
    """

    def __init__(self) -> None:
        self.place: dict[str, int] | None = None
        self.own: dict[str, Any] | None = None
        self.module: dict[str, Any] | None = None
        self.results: Results = {}

    def on_save_checkpoint(
        self, trainer: Trainer, task: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        loader, replay = trainer.train_dataloader, replay_of(trainer)
        state: dict[str, Any] = {"accumulate": trainer.accumulate_grad_batches}
        if isinstance(loader, Loader):
            state["place"] = loader.state_dict()
            own = {"generators": generator_states(), "carried": recurrent_state_of(task)}
        elif replay is not None:
            state["finished"] = trainer.is_last_batch
            own = {
                **replay.state_dict(training_loaders(trainer), batches_of_epoch(trainer)),
                "module": state_of(task),
                "results": {} if trainer.is_last_batch else results_of(trainer),
            }
        else:
            return
        of_ranks: list[dict[str, Any] | None] = [own]
        if trainer.world_size > 1:
            of_ranks = [None] * trainer.world_size
            distributed.all_gather_object(of_ranks, own)
        checkpoint[KEY] = {**state, "ranks": of_ranks}

    def on_load_checkpoint(
        self, trainer: Trainer, task: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        state = checkpoint.get(KEY)
        if state is None:
            return
        if "place" not in state:
            self._load_replay(trainer, state)
            return
        self.place = state["place"]
        if state["accumulate"] != trainer.accumulate_grad_batches:
            share = Fraction(trainer.accumulate_grad_batches, state["accumulate"])
            rescale_counts(checkpoint, self.place, share)
        # Before there was a state that is carried along, the generators stood alone.
        ranks = state.get("ranks") or [{"generators": one} for one in state["generators"]]
        if len(ranks) == trainer.world_size:
            self.own = ranks[trainer.global_rank]

    def _load_replay(self, trainer: Trainer, state: dict[str, Any]) -> None:
        """Takes up what a run on loaders without a position needs.

        Raises:
            CheckpointError: The run has another number of processes than when it was written.
        """
        replay, ranks = replay_of(trainer), state["ranks"]
        if replay is None:
            return
        if (
            len(ranks) != trainer.world_size
            or state["accumulate"] != trainer.accumulate_grad_batches
        ):
            raise CheckpointError(
                f"was written by {len(ranks)} processes with accumulate_grad_batches="
                f"{state['accumulate']}; batches of the user's own loaders can't be dealt out anew"
            )
        own = ranks[trainer.global_rank]
        self.module, self.results = own.pop("module"), own.pop("results")
        replay.resumed = {**own, "finished": state["finished"]}

    def on_train_epoch_start(self, trainer: Trainer, task: LightningModule) -> None:
        replay = replay_of(trainer)
        if replay is not None and replay.resumed is not None and replay.resumed["finished"]:
            replay.restore_now(training_loaders(trainer))
            self._restore_module(task)

    def _restore_module(self, task: LightningModule) -> None:
        """Not in `on_train_start`, where many modules reset their metrics."""
        if self.module is not None:
            restore_state(task, self.module)
        self.module = None

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        loader, replay = trainer.train_dataloader, replay_of(trainer)
        if replay is not None and replay.resumed is not None and replay.resumed["finished"]:
            begin_epoch(trainer)
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
        self._restore_module(task)
        if self.own is not None:
            restore_generators(self.own["generators"])
            restore_recurrent_state(task, self.own.get("carried"))
        self.own = None

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        if self.results:
            merge_results(trainer, self.results)

    def on_train_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        merge_results(trainer, self.results)  # of what the module logs after the last batch
        log_rest(task, self.results)
        self.results = {}


def replay_of(trainer: Trainer) -> Replay | None:
    """Replay of a run on loaders of the user's; None on Leyden's, which tell their position."""
    return loop_of(trainer).replay


def batches_of_epoch(trainer: Trainer) -> int:
    """Batches of the running epoch that were trained on."""
    return int(trainer.fit_loop.epoch_loop.batch_progress.current.ready)


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
