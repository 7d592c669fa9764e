"""The steps of an epoch, without what Lightning spends between them.

A step of a small network takes less time than Lightning's way to it and back: hooks that nobody
has written, profilers that don't measure, results that nobody asks for. The loop here does the
same in the same order and leaves that out; where it can't (several processes, gradients that are
added up, half precision's scaler, a profiler, a LightningModule of the user's), Lightning's own
goes on.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

from lightning_fabric.utilities import move_data_to_device
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.compat.lightning import (
    DataFetcher,
    TrainingEpochLoop,
    finish_batch,
    log_metrics,
    module_of,
    note_metrics,
    start_batch,
    update_step_metrics,
    validates_by_time,
)
from leyden.data.replay import Replay, has_position
from leyden.tasks.log_values import is_log_step, not_profiled
from leyden.tasks.step_clock import StepClock
from leyden.training.fast_path import Hooks, hooks_of, is_for_log_steps, takes_fast_path

JointStep = Callable[[LightningModule, Any], Tensor]
"""Computes a forward and a backward pass with those of other runs, and gives the loss."""


class EpochLoop(TrainingEpochLoop):
    """Lightning's loop over the batches of an epoch, with a fast path through a step.

    Attributes:
        values: What was measured last, by name; see `log_value`.
        clock: Clock of the steps.
        joint_step: Computes a step with those of other runs (`leyden.stacked`); None: by itself.
        part: Watches a part of a step; by default nobody does.
        replay: Generators at the epoch's beginning; None on loaders that tell their position.
        after_batch: Called when all is done that belongs to a batch, but to the last of an epoch.
    """

    def __init__(
        self,
        trainer: Trainer,
        *,
        max_steps: int,
        min_steps: int | None = None,
        replay: Replay | None = None,
    ) -> None:
        super().__init__(trainer, min_steps=min_steps, max_steps=max_steps)
        self.replay = replay
        self.after_batch: list[Callable[[], None]] = []
        self.values: dict[str, Tensor] = {}
        self.clock = StepClock()
        self.is_fast = False
        self.joint_step: JointStep | None = None
        self.part: Callable[[str], AbstractContextManager[None]] = not_profiled
        self.hooks: Hooks = {}
        self.log_hooks: Hooks = {}
        self.parameters: list[Tensor] = []
        self.moves_batches = False

    @property
    def global_step(self) -> int:
        if not self.is_fast:
            return super().global_step
        return self.automatic_optimization.optim_progress.optimizer.step.total.completed

    def on_run_start(self, data_fetcher: DataFetcher) -> None:
        if self.replay is None:
            super().on_run_start(data_fetcher)
        elif self.replay.resumed is None:
            self._start_epoch(data_fetcher, self.replay)
        else:
            self._resume_epoch(data_fetcher, self.replay)
        self.is_fast = takes_fast_path(self.trainer)
        self.moves_batches = self.trainer.strategy.root_device.type != "cpu"
        callbacks = cast(list[Callback], self.trainer.callbacks)
        self.hooks = hooks_of([one for one in callbacks if not is_for_log_steps(one)])
        self.log_hooks = hooks_of(callbacks)
        groups = [group for one in self.trainer.optimizers for group in one.param_groups]
        self.parameters = [parameter for group in groups for parameter in group["params"]]

    def _start_epoch(self, data_fetcher: DataFetcher, replay: Replay) -> None:
        """Keeps the generators before the iterator is made; that of the first epoch is there."""
        trainer = self.trainer
        if trainer.current_epoch > 0:
            replay.note_epoch(data_fetcher.combined_loader.flattened)
            if trainer.fit_loop.is_resuming or self.restarting:  # else Lightning makes it
                iter(data_fetcher)
        super().on_run_start(data_fetcher)

    def _resume_epoch(self, data_fetcher: DataFetcher, replay: Replay) -> None:
        """Draws the batches again that were trained on before the checkpoint."""
        loaders = data_fetcher.combined_loader.flattened
        assert replay.resumed is not None
        if not all(map(has_position, loaders)):
            if replay.restore_epoch(loaders):
                iter(data_fetcher)
            for batch in range(replay.resumed["batches"]):
                if batch + 1 == replay.resumed["batches"]:
                    replay.restore_ahead(loaders)
                next(data_fetcher)
        replay.restore_now(loaders)
        fetched = data_fetcher.fetched
        super().on_run_start(data_fetcher)
        data_fetcher.fetched = (
            fetched  # Lightning counts the batches before the checkpoint once more
        )

    def run(self, data_fetcher: DataFetcher) -> None:
        with self.clock.running():
            super().run(data_fetcher)

    def on_advance_end(self, data_fetcher: DataFetcher) -> None:
        is_validation_due = self._should_check_val_fx(data_fetcher)
        with self.clock.paused() if is_validation_due else nullcontext():
            super().on_advance_end(data_fetcher)
        if not (self.batch_progress.is_last_batch or self._should_accumulate()):
            for follow in self.after_batch:
                follow()

    def advance(self, data_fetcher: DataFetcher) -> None:
        """Does one step, or as many as there are until something else has to be done."""
        if self.restarting or not self.is_fast:
            if self.replay is not None and data_fetcher.length is None:
                self.replay.note_ahead(data_fetcher.combined_loader.flattened)
            super().advance(data_fetcher)
            self.write_values()
            return
        self.val_loop.restarting = False
        self._advance(data_fetcher)
        while not self._is_something_due():
            self._batches_that_stepped += 1
            self._advance(data_fetcher)

    def _is_something_due(self) -> bool:
        """Whether Lightning has to look at what follows this batch: a validation, or an end."""
        trainer, ready = self.trainer, self.batch_progress.current.ready
        if (
            self.batch_progress.is_last_batch
            or ready == trainer.num_training_batches
            or trainer.should_stop
            or self.global_step == self.max_steps
            or trainer.received_sigterm
            or validates_by_time(trainer)
        ):
            return True
        of_all_epochs = trainer.check_val_every_n_epoch is None
        count = self.batch_progress.total.ready if of_all_epochs else ready
        return bool(count % trainer.val_check_batch == 0)

    def write_values(self) -> None:
        """Passes the step's values to `callback_metrics`, and at log steps to the loggers."""
        note_metrics(self.trainer, self.values)
        if self._is_logged() and not self._should_accumulate():
            log_metrics(self.trainer, self.values)
        # A module of the user's may have no step in the next batch.
        if self.replay is not None and not self._should_accumulate():
            self.values = {}

    def _is_logged(self) -> bool:
        return self.trainer.should_stop or is_log_step(self.trainer, self._batches_that_stepped + 1)

    def _advance(self, data_fetcher: DataFetcher) -> None:
        trainer, progress, results = self.trainer, self.batch_progress, self._results
        hooks = self.log_hooks if self._is_logged() else self.hooks
        with self.part("data"):
            batch, _, _ = next(data_fetcher)
        index = progress.current.ready
        progress.is_last_batch = data_fetcher.done
        batch = trainer.precision_plugin.convert_input(batch)
        if self.moves_batches:
            batch = move_data_to_device(batch, trainer.strategy.root_device)
        progress.increment_ready()
        start_batch(trainer, is_first=index == 0)
        results.batch, results.batch_size = batch, None
        self._call(hooks, "on_train_batch_start", batch, index)
        progress.increment_started()
        loss = self._step(hooks, batch, index)
        progress.increment_processed()
        self._step_schedulers()
        with self.part("callbacks at its end"):
            self._call(hooks, "on_train_batch_end", {"loss": loss}, batch, index)
        results.batch = results.batch_size = None
        if results:  # somebody has logged by Lightning's own way
            finish_batch(trainer)
        progress.increment_completed()
        if results:
            update_step_metrics(trainer)
        self.write_values()

    def _step_schedulers(self) -> None:
        for config in self.trainer.strategy.lr_scheduler_configs:
            self.scheduler_progress.increment_ready()
            config.scheduler.step()
            self.scheduler_progress.increment_completed()

    def _step(self, hooks: Hooks, batch: Any, index: int) -> Tensor:
        trainer, (optimizer,) = self.trainer, self.trainer.optimizers
        task = trainer.lightning_module
        counts = self.automatic_optimization.optim_progress.optimizer
        counts.step.increment_ready()
        counts.zero_grad.increment_ready()
        self._call(hooks, "on_before_zero_grad", optimizer)
        counts.zero_grad.increment_started()
        loss = self._closure(hooks, task, batch, index)
        counts.zero_grad.increment_completed()
        self._call(hooks, "on_after_backward")
        with self.part("checks before the update"):
            self._call(hooks, "on_before_optimizer_step", optimizer)
        if trainer.gradient_clip_val:
            with self.part("clipping"):
                task.configure_gradient_clipping(
                    optimizer, trainer.gradient_clip_val, trainer.gradient_clip_algorithm
                )
        with self.part("optimizer"):
            optimizer.step()
        counts.step.increment_completed()
        return loss.detach()

    def _closure(self, hooks: Hooks, task: LightningModule, batch: Any, index: int) -> Tensor:
        """Forward and backward."""
        if self.joint_step is not None:
            loss = self.joint_step(task, batch)
            self._call(hooks, "on_before_backward", loss)
            return loss
        # As `zero_grad`, at a tenth of its price; before the forward pass, which needs the memory.
        for parameter in self.parameters:
            parameter.grad = None
        with self.part("forward"), self.trainer.precision_plugin.train_step_context():
            loss = cast(Tensor, task.training_step(batch, index))
        self._call(hooks, "on_before_backward", loss)
        with self.part("backward"):
            loss.backward()  # type: ignore[no-untyped-call]
        return loss

    def _call(self, hooks: Hooks, name: str, *arguments: Any) -> None:
        if name in hooks:
            trainer = self.trainer
            task = module_of(trainer)
            vars(task)["_current_fx_name"] = name  # for those that log by Lightning's own way
            for hook in hooks[name]:
                hook(trainer, task, *arguments)
            vars(task)["_current_fx_name"] = None
