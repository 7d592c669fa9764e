"""From a checked config to objects. Only here targets are called; below, no configs."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, cast

from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback, Trainer, seed_everything
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loggers import Logger
from pytorch_lightning.profilers import (
    AdvancedProfiler,
    Profiler,
    PyTorchProfiler,
    SimpleProfiler,
)
from torch import nn

from leyden.callbacks.step_profile import StepProfile
from leyden.compat.lightning_slurm import ignore_slurm
from leyden.compat.onednn import use_onednn
from leyden.config.schema import DataKeys, TrainerKeys
from leyden.config.signature import fields_of, parameters_of
from leyden.config.targets import misplaced_object, nested_target, resolve
from leyden.data import DataModule, Spec
from leyden.distributed import torchrun
from leyden.distributed.sharding import blocks_of
from leyden.distributed.strategy import FullyShardedStrategy, MarkedCheckpoint, strategy_of
from leyden.errors import ConfigError, Problem
from leyden.planning.batch import num_processes_of, split_of
from leyden.planning.limits import steps_between_validations, steps_per_epoch
from leyden.planning.parts import materialize
from leyden.runs.folder import config_digest
from leyden.tasks import Task, task_of
from leyden.tasks.precision import HALF, HalfInputs
from leyden.training.epoch_loop import EpochLoop

PROFILERS: dict[str, type[Profiler]] = {
    "simple": SimpleProfiler,
    "advanced": AdvancedProfiler,
    "pytorch": PyTorchProfiler,
}


@dataclass(frozen=True)
class Experiment:
    """The objects of a run."""

    data: DataModule
    task: Task
    trainer: Trainer


def build(
    cfg: DictConfig,
    folder: Path,
    *,
    first: Sequence[Callback] = (),
    last: Sequence[Callback] = (),
) -> Experiment:
    """Builds a run in a fixed order: data, net, task, callbacks, loggers, trainer.

    Args:
        cfg: The run's frozen config.
        folder: The run's.
        first: Callbacks before the config's own.
        last: Callbacks after them.
    """
    seed_everything(cfg.seed, verbose=False)
    data = build_data(cfg)
    net = build_net(cfg, data.spec)
    compile_net(net, cfg)
    task = build_task(cfg, net, data.spec)
    own = [make(node) for node in cfg.callbacks.values() if node is not None]
    loggers = [make(node, save_dir=folder) for node in cfg.logger.values() if node is not None]
    trainer = build_trainer(
        cfg,
        data,
        folder=folder,
        callbacks=[*first, *(callback for callback in own if callback is not None), *last],
        loggers=loggers,
    )
    return Experiment(data, task, trainer)


def make(node: DictConfig, **arguments: Any) -> Any:
    """Calls a node's `_target_`; with `_partial_`, leaves the call to others.

    Not Hydra's `instantiate`: that knows no list of the allowed, turns the tuples that
    constructors ask for into lists, and wraps the errors that they raise.

    Args:
        node: Its other keys are arguments; lists become tuples.
        arguments: Come with the node's own, or in their place.

    Raises:
        ValueError: Configs may not name its target, or one within its arguments.
    """
    given = cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    target = resolve(str(given.pop("_target_")))
    if within := nested_target(given):
        raise ValueError(f"`{within}` has a `_target_`, which may only stand at the top of a part")
    is_partial = given.pop("_partial_", False)
    tuples = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    call = partial(target, **{**given, **tuples, **arguments})
    return call if is_partial else call()


def build_data(cfg: DictConfig) -> DataModule:
    """The data set, with what the root and the trainer say of it.

    Raises:
        ConfigError: Its target makes something else.
    """
    own = {key: value for key, value in cfg.data.items() if key not in fields_of(DataKeys)}
    data = make(
        OmegaConf.create(own),
        seed=cfg.seed,
        overfit_samples=cfg.trainer.overfit_samples,
        allow_synthetic=cfg.trainer.may_stand_in,
        mixup=cfg.task.mixup,
    )
    wrong = misplaced_object("data", data)
    if wrong:
        raise ConfigError([Problem("data", wrong)])
    return cast(DataModule, data)


def build_net(cfg: DictConfig, spec: Spec) -> nn.Module:
    """The network, built to the data's spec as far as it asks for it.

    Raises:
        ConfigError: Its target makes something else.
    """
    offered: dict[str, Any] = {"input_shape": spec.input_shape, "num_outputs": spec.num_outputs}
    if spec.kind == "text":
        offered |= {"vocab_size": spec.num_outputs, "context": spec.input_shape[0]}
        offered |= {"separator": spec.separator}
    wanted = parameters_of(resolve(cfg.model._target_))
    given = {name: value for name, value in offered.items() if name in wanted}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules are a new feature")
        net = make(cfg.model, **{**given, **_said(cfg.model, given)})
    wrong = misplaced_object("model", net)
    if wrong:
        raise ConfigError([Problem("model", wrong)])
    materialize(net, spec)
    use_onednn(net)
    return cast(nn.Module, net)


def _said(node: DictConfig, names: dict[str, Any]) -> dict[str, Any]:
    return {name: node[name] for name in names if name in node}


def build_task(cfg: DictConfig, net: nn.Module, spec: Spec) -> Task:
    """The task of the data's kind, with the optimizer and schedule that it will make."""
    if cfg.trainer.precision == "64-true":
        # Lightning converts it after it has read a checkpoint, whose digits would be lost by then.
        net.double()
    task = task_of(spec)
    keys = {key: value for key, value in cfg.task.items() if key in parameters_of(task)}
    return task(net, spec=spec, optimizer=make(cfg.optimizer), schedule=make(cfg.scheduler), **keys)


def build_trainer(
    cfg: DictConfig,
    data: DataModule,
    *,
    folder: Path | None,
    callbacks: list[Callback],
    loggers: list[Logger],
) -> Trainer:
    """Lightning's trainer with the config's own keys, and the run's length in its terms."""
    keys = cast(dict[str, Any], OmegaConf.to_container(cfg.trainer, resolve=True))
    max_steps = planned_steps(cfg, data.spec)
    own = fields_of(TrainerKeys).keys() - parameters_of(Trainer).keys()
    passed = {key: value for key, value in keys.items() if key not in own}
    if keys["profiler"] == "step":
        passed["profiler"], callbacks = None, [*callbacks, StepProfile()]
    elif keys["profiler"] is not None:
        passed["profiler"] = PROFILERS[keys["profiler"]](dirpath=folder, filename="profile")
    passed["max_steps"] = -1 if max_steps is None else max_steps
    passed["max_epochs"] = keys["max_epochs"] if max_steps is None else -1
    accumulate = split_of(cfg).accumulate
    passed["accumulate_grad_batches"] = accumulate
    # Lightning counts micro-batches, Leyden optimizer steps.
    if keys["limit_train_batches"] is not None:
        passed["limit_train_batches"] = accumulate * steps_per_epoch(cfg, data.train_samples)
    between = steps_between_validations(cfg, data.train_samples)
    if between is not None:
        passed["val_check_interval"] = accumulate * between
    passed["strategy"] = strategy_of(
        keys["strategy"],
        num_processes=num_processes_of(cfg),
        timeout=keys["timeout"],
        sharded_checkpoints=keys["sharded_checkpoints"],
        config_digest=config_digest(cfg),
        folder=folder,
    )
    has_own_files = isinstance(passed["strategy"], FullyShardedStrategy)
    own_files = MarkedCheckpoint(config_digest(cfg), folder=folder)
    plugins: list[Any] = [] if has_own_files else [own_files]
    if keys["precision"] in HALF:
        plugins.append(HalfInputs(passed.pop("precision")))
    if not torchrun.is_started_by_torchrun():  # Lightning would ask Slurm, LSF and MPI
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
        use_distributed_sampler=False,
    )
    ignore_slurm(trainer)
    trainer.fit_loop.epoch_loop = EpochLoop(trainer, max_steps=trainer.max_steps)
    return trainer


def planned_steps(cfg: DictConfig, spec: Spec) -> int | None:
    """Optimizer steps of the run, or None where epochs decide."""
    if cfg.trainer.max_tokens is not None:
        tokens_per_step: int = cfg.data.batch_size * spec.input_shape[0]
        return ceil(int(cfg.trainer.max_tokens) / tokens_per_step)
    return cast(int | None, cfg.trainer.max_steps)


def compile_net(net: nn.Module, cfg: DictConfig) -> None:
    """Compiles a network in place, so that its parameters keep their names.

    A network with `blocks` is compiled block by block: they are alike, so that one compilation
    serves all, and it goes together with `strategy=fsdp`, which gathers them one by one.

    Args:
        net: Changed in place.
        cfg: Its `compile` says whether, or how.
    """
    if not cfg.compile:
        return
    options: dict[str, str | bool | None] = {}
    if isinstance(cfg.compile, DictConfig):
        options = cast(dict[str, str | bool | None], OmegaConf.to_container(cfg.compile))
    for part in blocks_of(net) or [net]:
        part.compile(**options)
