"""Fits a checked config to its data: what can only be known once the data has been looked at."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from omegaconf import DictConfig, open_dict
from torch import nn

from leyden.config.build import build_data, planned_steps
from leyden.config.job import Plan
from leyden.config.problem import ConfigError, Problem
from leyden.config.rules import task_problems
from leyden.config.size import (
    ParameterCount,
    count_parameters,
    flops_per_sample,
    meta_net,
    solve_width,
)
from leyden.data import DataModule, Spec, Unreadable
from leyden.data.loader import Draw
from leyden.runs.checkpoints import find_checkpoint, read_weights
from leyden.tasks import task_of


@dataclass(frozen=True)
class Fitted:
    """A config that fits its data, and what it will cost.

    Attributes:
        cfg: With the solved width.
        params: Of the model.
        flops_per_step: Forward and backward over the samples of one optimizer step.
        steps: Planned optimizer steps.
    """

    cfg: DictConfig
    spec: Spec
    params: ParameterCount
    flops_per_step: int | None
    steps: int


def fit_plan(plan: Plan, *, fetch: bool = True) -> list[Fitted]:
    """Fits every job to its data.

    Args:
        plan: Its jobs are checked.
        fetch: Bring data here that is not; otherwise what is known of it has to do.

    Raises:
        ConfigError: All problems of all jobs.
    """
    fitted, problems = [], []
    for job in plan.jobs:
        try:
            fitted.append(fit_to_data(job.cfg, fetch=fetch))
        except ConfigError as error:
            found = error.problems
            problems += [p.of_job(job.overrides) if plan.is_sweep else p for p in found]
    if problems:
        raise ConfigError(problems)
    return fitted


def fit_to_data(cfg: DictConfig, *, fetch: bool = True) -> Fitted:
    """Solves the width for `params`, and sizes the model.

    Args:
        cfg: Checked.
        fetch: See `fit_plan`.

    Raises:
        ConfigError: The data can't be had or is too small for a batch, the model can't be built, no
            width gives the wanted size, or the initial weights are of another model.
    """
    cfg = deepcopy(cfg)
    _make_path_absolute(cfg)
    data = build_data(cfg)
    spec = read_spec(data, fetch=fetch)
    _refuse_empty_parts(data)
    _refuse_unlike_spec(data)
    _refuse_large_batch(cfg, data)
    _refuse_unfit_task(cfg, spec)
    if cfg.params is not None:
        with open_dict(cfg):
            cfg.model.width = solve_width(cfg, spec)
    net = meta_net(cfg, spec)
    if cfg.init_from is not None:
        refuse_other_weights("init_from", Path(cfg.init_from), net)
    flops = flops_per_sample(net, spec)
    return Fitted(
        cfg,
        spec,
        count_parameters(net),
        None if flops is None else flops * cfg.data.batch_size,
        _steps(cfg, data),
    )


def _steps(cfg: DictConfig, data: DataModule) -> int:
    steps = planned_steps(cfg, data.spec)
    batches = data.train_samples // cfg.data.batch_size
    limit = cfg.trainer.get("limit_train_batches")
    if isinstance(limit, float):
        batches = int(batches * limit)
    elif limit is not None:
        batches = min(batches, limit // cfg.trainer.accumulate_grad_batches)
    return steps if steps is not None else batches * int(cfg.trainer.max_epochs)


def _refuse_large_batch(cfg: DictConfig, data: DataModule) -> None:
    available = data.train_samples
    if cfg.data.batch_size > available:
        message = f"is more than the {available:,} training samples; type {available} or less"
        raise ConfigError([Problem("data.batch_size", message, str(cfg.data.batch_size))])


def _make_path_absolute(cfg: DictConfig) -> None:
    """So that the frozen config is right in every folder."""
    if cfg.data.get("path") is not None:
        cfg.data.path = str(Path(cfg.data.path).expanduser().absolute())


def read_spec(data: DataModule, *, fetch: bool) -> Spec:
    """The data's spec; the data is fetched for it where it is not here.

    Raises:
        ConfigError: The data can't be had, or is not what the config says of it.
    """
    try:
        if fetch:
            data.prepare_data()
        return data.spec
    except Unreadable as error:
        key = "data" if error.key is None else f"data.{error.key}"
        value = None if error.key is None else getattr(data, error.key, None)
        raise ConfigError([Problem(key, str(error), value and str(value))]) from error
    except Exception as error:
        message = f"can't be read: {type(error).__name__}: {error}"
        raise ConfigError([Problem("data", message.partition("\n")[0])]) from error


def _refuse_unfit_task(cfg: DictConfig, spec: Spec) -> None:
    """A table says only here whether it holds classes or numbers."""
    problems = list(task_problems(cfg, [task_of(spec)], spec.kind))
    if problems:
        raise ConfigError(problems)


def _refuse_empty_parts(data: DataModule) -> None:
    if not data.is_readable:
        return
    for name, part in (("validation", data.parts.val), ("test", data.parts.test)):
        if len(part) == 0 and data.spec.kind == "text":
            context = str(data.spec.input_shape[0])
            message = f"leaves no whole window in the {name} part; type a smaller one"
            raise ConfigError([Problem("data.context", message, context)])
        if len(part) == 0:
            raise ConfigError([Problem("data", f"its {name} part is empty")])


def _refuse_unlike_spec(data: DataModule) -> None:
    if not data.is_readable:
        return
    try:
        inputs, targets = data.parts.train[Draw(0, torch.arange(2))]
    except Unreadable as error:
        raise ConfigError([Problem("data", str(error))]) from error
    except Exception as error:
        message = f"its training part can't give a batch: {type(error).__name__}: {error}"
        raise ConfigError([Problem("data", message.partition("\n")[0])]) from error
    shape = tuple(inputs.shape[1:])
    if shape != data.spec.input_shape:
        message = f"gives samples of shape {shape}; its spec says {data.spec.input_shape}"
        raise ConfigError([Problem("data", message)])
    wanted = task_of(data.spec).target_shape(data.spec)
    if tuple(targets.shape[1:]) != wanted:
        message = f"gives targets of shape {tuple(targets.shape[1:])}; they must be {wanted}"
        raise ConfigError([Problem("data", message)])


def refuse_other_weights(key: str, checkpoint: Path, net: nn.Module) -> None:
    """Raises `ConfigError` if a checkpoint's weights are not of `net`.

    Args:
        key: What named the checkpoint.
        checkpoint: A file, or a run's folder.
        net: On the meta device.
    """
    path = find_checkpoint(checkpoint)
    assert path is not None
    theirs = {name: tuple(tensor.shape) for name, tensor in read_weights(path).items()}
    ours = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    different = [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
    if different:
        name = sorted(different)[0]
        message = (
            f"holds another model: `{name}` is {theirs.get(name, 'not there')} in it,"
            f" {ours.get(name, 'not there')} in this config"
        )
        raise ConfigError([Problem(key, message, str(checkpoint))])
