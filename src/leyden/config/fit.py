"""Fits a checked config to its data: what can only be known once the data has been looked at."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, open_dict
from torch import nn

from leyden.config.build import build_data, planned_steps
from leyden.config.job import Plan
from leyden.config.look import data_problems, read_spec
from leyden.config.problem import ConfigError, Problem
from leyden.config.rules import task_problems
from leyden.config.size import (
    ParameterCount,
    count_parameters,
    flops_per_sample,
    meta_net,
    solve_width,
)
from leyden.data import DataModule, Spec
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
    problems = [*data_problems(cfg, data), *task_problems(cfg, [task_of(spec)], spec.kind)]
    if problems:
        raise ConfigError(problems)
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


def _make_path_absolute(cfg: DictConfig) -> None:
    """So that the frozen config is right in every folder."""
    if cfg.data.get("path") is not None:
        cfg.data.path = str(Path(cfg.data.path).expanduser().absolute())


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
