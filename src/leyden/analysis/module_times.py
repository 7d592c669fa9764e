"""What a run of a LightningModule would cost, by its first real steps: only these can tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from pathlib import Path
from typing import Any
import time

from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningModule, Trainer, seed_everything
from pytorch_lightning.utilities.seed import isolate_rng

from leyden.analysis.step_times import Clock, TooLong, time_validation
from leyden.analysis.timing import ERROR, JOB_SECONDS, Estimate
from leyden.callbacks.module_report import least_exact
from leyden.callbacks.step_flops import FlopCount
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
    cfg = cfg.copy()
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    cfg.trainer.limit_val_batches = cfg.trainer.num_sanity_val_steps = 0
    cfg.trainer.strategy, cfg.trainer.profiler = "auto", None
    clock, probe = Clock(), Probe()
    with TemporaryDirectory() as folder, quiet_libraries(), isolate_rng():
        seed_everything(cfg.seed, verbose=False)
        try:
            data = build_data(cfg)
            task = build_module(cfg, spec_of(data))
            trainer = build_trainer(
                cfg, data, folder=Path(folder), callbacks=[probe, clock], loggers=[]
            )
            trainer.fit(task, datamodule=data)
            validation = time_validation(trainer, task, clock, 1) if probe.validates else 0.0
        except TooLong:
            return None
        except (Exception, SystemExit) as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # Lightning makes an exit of it
                raise KeyboardInterrupt from error
            observer(Note(f"a step can't be timed, for it fails: {in_a_line(error)}"))
            return None
    has_test = RunObjects(data, task, trainer).has_test
    return costs_of(probe, clock.seconds, validation, has_test=has_test)
