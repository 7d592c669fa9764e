"""Building: from a frozen config to the objects of a run, which get values, not configs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import (
    Callback,
    LightningDataModule,
    LightningModule,
    Trainer,
    seed_everything,
)
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.plugins.precision import HalfPrecision
from pytorch_lightning.profilers import (
    AdvancedProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import nn

from leyden.callbacks.step_profile import StepProfile
from leyden.compat.lightning import skip_empty_hooks
from leyden.compat.lightning_slurm import ignore_slurm
from leyden.config.identity import config_digest
from leyden.config.instantiate import make
from leyden.config.module_run import is_module_run
from leyden.config.references import in_run_folder
from leyden.config.schema import TrainerKeys
from leyden.config.signature import fields_of, parameters_of
from leyden.data import DataModule
from leyden.data.capabilities import gives_loader, spec_of
from leyden.data.replay import Replay
from leyden.distributed import torchrun
from leyden.distributed.sharding import blocks_of
from leyden.distributed.strategy import FullyShardedStrategy, MarkedCheckpointIO, strategy_of
from leyden.errors import ConfigError, Problem
from leyden.loggers import CSV
from leyden.planning.batch import num_processes_of
from leyden.planning.building import build_data, build_module
from leyden.planning.steps import lightning_lengths
from leyden.tasks import Task
from leyden.training.epoch_loop import EpochLoop
from leyden.training.fit_loop import FitLoop

HALF = ("bf16-true", "16-true")


class HalfPrecisionKeepingTargets(HalfPrecision):
    """Lightning's 16-bit precision, but the targets of a batch keep their type.

    Lightning converts targets too: those of a regression would be rounded to three digits, and the
    losses and errors with them. A LightningModule of the user's has Lightning's own.
    """

    def convert_input(self, data: Any) -> Any:
        inputs, targets = data
        return super().convert_input(inputs), targets


PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}


@dataclass(frozen=True)
class RunObjects:
    """The objects of a run."""

    data: LightningDataModule
    task: LightningModule
    trainer: Trainer

    @property
    def weighted(self) -> nn.Module:
        """What initial weights are given to: a task's network, or the user's LightningModule."""
        return self.task.net if isinstance(self.task, Task) else self.task

    @property
    def has_test(self) -> bool:
        """Whether there is a step for the test, and data for it."""
        return self._has("test_step", "test_dataloader")

    @property
    def has_validation(self) -> bool:
        """Whether there is a step for the validation, and data for it."""
        return self._has("validation_step", "val_dataloader")

    def _has(self, step: str, loader: str) -> bool:
        has_step = is_overridden(step, self.task)
        return has_step and gives_loader(self.data, self.task, loader)


def build(
    cfg: DictConfig,
    folder: Path,
    *,
    data: LightningDataModule | None = None,
    first: Sequence[Callback] = (),
    last: Sequence[Callback] = (),
) -> RunObjects:
    """Builds a run in a fixed order: data, net, task, callbacks, loggers, trainer.

    Args:
        cfg: Frozen config of the run.
        folder: Folder of the run.
        data: Data set of the config if it has been read already; None: it is built here.
        first: Callbacks before those of the config.
        last: Callbacks after those of the config.
    """
    placed = in_run_folder(cfg, folder)  # digests are of the config as it is
    seed_everything(cfg.seed, verbose=False)
    data = data or build_data(placed)
    spec = spec_of(data)  # reads the data; a user's data set may draw random numbers
    seed_everything(cfg.seed, verbose=False)
    task = build_module(placed, spec)
    if isinstance(task, Task):
        compile_net(task.net, cfg)
    own = made_parts(placed, "callbacks")
    loggers = made_parts(placed, "logger", save_dir=folder)
    if loggers and not has_table(cfg, loggers):  # options of the user's may lack it
        loggers.append(CSV(folder))
    # Lightning uses the first as a module's `self.logger`; many modules read its `experiment`.
    loggers.sort(key=lambda logger: not hasattr(type(logger), "experiment"))
    trainer = build_trainer(
        cfg,
        data,
        folder=folder,
        callbacks=[*first, *(callback for callback in own if callback is not None), *last],
        loggers=loggers,
    )
    return RunObjects(data, task, trainer)


def has_table(cfg: DictConfig, loggers: Sequence[Logger]) -> bool:
    """Whether there is a logger of `metrics.csv`, or there shall be none: `logger.csv=null`."""
    is_off = "csv" in cfg.logger and cfg.logger.csv is None
    return is_off or any(isinstance(logger, CSV) for logger in loggers)


def made_parts(cfg: DictConfig, group: str, **arguments: Any) -> list[Any]:
    """The callbacks or loggers of a config.

    Args:
        cfg: Frozen config of the run.
        group: `callbacks` or `logger`.
        arguments: Further arguments of each constructor.

    Raises:
        ConfigError: One needs a package that is not installed.
    """
    made = []
    for name, node in (cfg[group] or {}).items():
        try:
            made += [] if node is None else [make(node, **arguments)]
        except ModuleNotFoundError as error:
            raise ConfigError(
                [Problem(f"{group}.{name}", str(error).partition("\n")[0])]
            ) from error
    return made


def build_trainer(
    cfg: DictConfig,
    data: LightningDataModule,
    *,
    folder: Path | None,
    callbacks: list[Callback],
    loggers: list[Logger],
) -> Trainer:
    """Lightning's Trainer from the keys of `trainer`, with lengths in Lightning's units."""
    keys = cast(dict[str, Any], OmegaConf.to_container(cfg.trainer, resolve=True))
    own = fields_of(TrainerKeys).keys() - parameters_of(Trainer).keys()
    passed = {key: value for key, value in keys.items() if key not in own}
    passed |= lightning_lengths(cfg, data)
    if keys["profiler"] == "step":
        passed["profiler"], callbacks = None, [*callbacks, StepProfile()]
    elif keys["profiler"] is not None:
        passed["profiler"] = PROFILERS[keys["profiler"]](dirpath=folder, filename="profile")
    passed["strategy"] = strategy_of(
        keys["strategy"],
        num_processes=num_processes_of(cfg),
        timeout=keys["timeout"],
        sharded_checkpoints=keys["sharded_checkpoints"],
        config_digest=config_digest(cfg),
        folder=folder,
    )
    has_own_files = isinstance(passed["strategy"], FullyShardedStrategy)
    own_files = MarkedCheckpointIO(config_digest(cfg), folder=folder)
    plugins: list[Any] = [] if has_own_files else [own_files]
    if keys["precision"] in HALF and not is_module_run(cfg):
        plugins.append(HalfPrecisionKeepingTargets(passed.pop("precision")))
    if not torchrun.is_started_by_torchrun():  # or Lightning would look for Slurm, LSF and MPI
        plugins.append(LightningEnvironment())
    trainer = Trainer(
        **passed,
        default_root_dir=folder,
        callbacks=callbacks,
        logger=loggers,
        plugins=plugins,
        enable_checkpointing=any(isinstance(c, Checkpoint) for c in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        # Leyden's loaders already divide the samples among the processes.
        use_distributed_sampler=not isinstance(data, DataModule),
    )
    ignore_slurm(trainer)
    skip_empty_hooks(trainer)
    epoch_loop = EpochLoop(
        trainer,
        min_steps=trainer.min_steps,
        max_steps=trainer.max_steps,
        replay=None if isinstance(data, DataModule) else Replay(),
    )
    trainer.fit_loop = FitLoop(trainer, trainer.min_epochs, trainer.max_epochs)
    trainer.fit_loop.epoch_loop = epoch_loop
    return trainer


def compile_net(net: nn.Module, cfg: DictConfig) -> None:
    """Compiles a network in place, so that its parameters keep their names.

    A network with `blocks` is compiled block by block: they are alike, so one compilation serves
    all, and `strategy=fsdp` can gather them one by one.

    Args:
        net: Changed in place.
        cfg: Config; its `compile` is a bool, or torch.compile's options.
    """
    if not cfg.compile:
        return
    options: dict[str, str | bool | None] = {}
    if isinstance(cfg.compile, DictConfig):
        options = cast(dict[str, str | bool | None], OmegaConf.to_container(cfg.compile))
    for part in blocks_of(net) or [net]:
        part.compile(**options)
