"""What a run of a LightningModule would cost, by its first real steps: only these can tell."""

import time
import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from pytorch_lightning.utilities import CombinedLoader
from pytorch_lightning.utilities.seed import isolate_rng

from leyden.analysis.step_times import MOST_BATCHES, Clock, TooLong, share_of, time_validation
from leyden.analysis.timing import ERROR, JOB_SECONDS, Estimate
from leyden.callbacks.module_report import least_exact
from leyden.callbacks.step_flops import FlopCount
from leyden.callbacks.tensorboard import is_compiled
from leyden.config.user_code import in_a_line
from leyden.data.capabilities import spec_of
from leyden.data.replay import ResumeExactness
from leyden.events import Note, Observer
from leyden.planning.building import build_data, build_module
from leyden.planning.memory import PeakMemory
from leyden.planning.resolve import ResolvedConfig
from leyden.run.log import quiet_libraries
from leyden.training.build import RunObjects, build_trainer

MOST_SECONDS = 20.0
"""Time after which no further job of a plan is measured."""


@dataclass(frozen=True)
class ModuleCosts:
    """Costs of a run of a LightningModule.

    Attributes:
        steps: Optimizer steps; None where no loader knows its length.
        flops_per_step: Operations of an optimizer step.
        memory_bytes: Bytes of weights, gradients, optimizer state and activations.
        estimate: Time of the run; None where its steps are not known.
        exactness: How exactly the run can be resumed.
    """

    steps: int | None
    flops_per_step: int
    memory_bytes: int
    estimate: Estimate | None
    exactness: ResumeExactness


def measure_modules(
    resolved: Sequence[ResolvedConfig], observer: Observer
) -> list[ModuleCosts | None]:
    """Costs of the runs of LightningModules; None of one that can't be measured, or not in time.

    Args:
        resolved: Resolved configs of the jobs.
        observer: Is told of steps that fail.
    """
    found: dict[str, ModuleCosts | None] = {}
    began = time.perf_counter()
    costs = []
    for one in resolved:
        key = repr((one.cfg.model._target_, one.params, one.cfg.data, one.cfg.trainer))
        if key not in found and time.perf_counter() - began < MOST_SECONDS:
            found[key] = measure_module(one.cfg, observer)
        costs.append(found.get(key))
    return costs


def measure_module(cfg: DictConfig, observer: Observer) -> ModuleCosts | None:
    """Trains the first steps of a run in a folder that is removed, and part of a validation."""
    measured = cfg.copy()
    trainer_keys = measured.trainer
    trainer_keys.devices = trainer_keys.num_nodes = 1
    trainer_keys.limit_val_batches = trainer_keys.num_sanity_val_steps = 0
    trainer_keys.strategy, trainer_keys.profiler = "auto", None
    clock, first = Clock(), FirstBatch()
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        for context in (quiet_libraries(), isolate_rng(), warnings.catch_warnings()):
            stack.enter_context(context)
        seed_everything(cfg.seed, verbose=False)
        try:
            warnings.filterwarnings("ignore", "You passed in a `val_dataloader` but have no")
            data = build_data(measured)
            task = build_module(measured, spec_of(data))
            # They may need a validation, such as early stopping, or a logger.
            vars(task)["configure_callbacks"] = list
            callbacks = [first, clock]
            trainer = build_trainer(
                measured, data, folder=Path(folder), callbacks=callbacks, loggers=[]
            )
            trainer.fit(task, datamodule=data)
            if clock.seconds is None:
                return None
            run = RunObjects(data, task, trainer)
            batches = num_val_batches(run, cfg.trainer.limit_val_batches)
            validation = time_validation(trainer, task, clock, batches)
        except TooLong:
            return None
        except (Exception, SystemExit) as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # Lightning makes an exit of it
                raise KeyboardInterrupt from error
            observer(Note(f"a step can't be timed, for it fails: {in_a_line(error)}"))
            return None
    estimate = None
    if first.steps is not None:
        validations = validation * num_validations(cfg, first)
        test = validation if run.has_test else 0.0
        likely = JOB_SECONDS + first.steps * clock.seconds + validations + test
        estimate = Estimate(likely / (1 + ERROR), likely * (1 + ERROR), likely)
    return ModuleCosts(first.steps, first.flops, first.memory, estimate, first.exactness)


def num_val_batches(run: RunObjects, limit: float | int | None) -> int:
    """Batches of a validation; of loaders without a length as many as are measured."""
    if not run.has_validation:
        return 0
    loaders = CombinedLoader(run.data.val_dataloader(), "sequential").flattened
    try:
        return share_of(limit, sum(map(len, loaders)))
    except TypeError:
        return MOST_BATCHES


def num_validations(cfg: DictConfig, first: "FirstBatch") -> float:
    """Validations of a run."""
    interval, steps = cfg.trainer.val_check_interval, first.steps or 0
    if isinstance(interval, int):
        return steps / interval
    return steps / first.steps_per_epoch / (cfg.trainer.check_val_every_n_epoch or 1)


class FirstBatch(Callback):
    """Looks at the first batch of a run: its operations, its memory, and the steps that follow.

    Attributes:
        steps: Optimizer steps of the run; None where no loader knows its length.
        steps_per_epoch: Optimizer steps of an epoch.
        flops: Operations of an optimizer step.
        memory: Bytes of weights, gradients, optimizer state and activations.
        exactness: How exactly the run can be resumed.
    """

    def __init__(self) -> None:
        self.steps: int | None = None
        self.steps_per_epoch = inf
        self.flops = self.memory = 0
        self.exactness = ResumeExactness("exact")
        self.watched: tuple[FlopCount, PeakMemory] | None = None
        self.modes = ExitStack()

    def on_train_start(self, trainer: Trainer, task: LightningModule) -> None:
        planned = trainer.estimated_stepping_batches
        self.steps = int(planned) if 0 <= planned < inf else None
        self.steps_per_epoch = trainer.num_training_batches / trainer.accumulate_grad_batches
        self.exactness = least_exact(trainer)
        # A plateau's schedule asks for a validation, of which there is none here.
        configs = trainer.strategy.lr_scheduler_configs
        configs[:] = [config for config in configs if not config.reduce_on_plateau]

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if self.watched is None and not is_compiled(task):
            self.watched = FlopCount(), PeakMemory()
            for mode in self.watched:
                self.modes.enter_context(mode)

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        self.modes.close()
        if self.watched is not None and not self.flops:
            flops, memory = self.watched
            self.flops = flops.total * trainer.accumulate_grad_batches
            weights = sum(one.nbytes for one in (*task.parameters(), *task.buffers()))
            self.memory = weights + memory.most

    def on_exception(self, *_: Any) -> None:
        self.modes.close()
