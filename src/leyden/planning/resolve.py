"""Resolution: reads the data, and computes the values of the config that depend on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, open_dict
from pytorch_lightning import LightningDataModule, LightningModule
from torch import nn

from leyden.config.compose import ComposedRequest
from leyden.config.job import Job
from leyden.config.module_run import adapted, has_leyden_data, is_module_run
from leyden.config.references import in_run_folder
from leyden.data import DataModule, Spec
from leyden.errors import ConfigError, Problem, gathered
from leyden.models.parameter_count import ParameterCount, count_parameters
from leyden.planning.batch import solve_batch
from leyden.planning.budget import spend_budget
from leyden.planning.building import require_spec
from leyden.planning.cache import Cache
from leyden.planning.finetuning import frozen_until, names_problems, rate_keys
from leyden.planning.frozen_values import (
    freeze_architecture,
    freeze_split,
    with_absolute_paths,
)
from leyden.planning.initial_weights import initial_weights_content
from leyden.planning.privacy import require_private_net, resolve_privacy
from leyden.planning.read_data import data_problems, read_data
from leyden.planning.size import (
    flops_per_sample,
    makes_layers_late,
    meta_module,
    meta_net,
    solve_width,
)
from leyden.planning.steps import limit_problems, planned_steps
from leyden.planning.tasks import fit_problems, task_problems


@dataclass(frozen=True)
class ResolvedConfig:
    """A config fitted to its data, with the size and length of the run.

    Attributes:
        cfg: Config with the solved width, as it will be frozen.
        data: Data set of the config; one of Leyden's has been read.
        spec: Kind, shapes and outputs of the data; None where the data does not say them.
        params: Parameter counts of the model.
        flops_per_step: Operations of the forward and backward passes of one optimizer step; None
            where they can't be counted before the
            first step.
        steps: Planned number of optimizer steps; None where only the loaders know it.
        weights: What the record says of the initial weights; None: they are random, or not known
            before the run has fetched them.
    """

    cfg: DictConfig
    data: LightningDataModule
    spec: Spec | None
    params: ParameterCount
    flops_per_step: int | None
    steps: int | None
    weights: dict[str, Any] | None = None


@dataclass(frozen=True)
class MeasuredModel:
    """What is known of a model before it is trained; see `ResolvedConfig`."""

    params: ParameterCount
    flops_per_sample: int | None
    weights: dict[str, Any] | None


def resolve_jobs(
    composed: ComposedRequest, *, fetch: bool = True, cache: Cache | None = None
) -> list[ResolvedConfig]:
    """Resolves the configs of all jobs.

    Args:
        composed: Validated jobs.
        fetch: Whether missing data is downloaded; otherwise its expected spec is used.
        cache: Results that the jobs share.

    Raises:
        ConfigError: All problems of all jobs.
    """
    cache = cache or Cache()
    resolved, problems = [], []
    for job in composed.jobs:
        try:
            resolved.append(resolve_job(job, fetch=fetch, cache=cache))
        except ConfigError as error:
            found = error.problems
            problems += [p.of_job(job.text) if composed.sweep else p for p in found]
    if problems:
        raise ConfigError(gathered(problems, len(composed.jobs)))
    return resolved


def resolve_job(job: Job, *, fetch: bool = True, cache: Cache | None = None) -> ResolvedConfig:
    """Resolves the config of a job; see `resolve_config`.

    Raises:
        ConfigError: The problems of the config, each with the place where its key was set.
    """
    try:
        return resolve_config(adapted(job), fetch=fetch, cache=cache)
    except ConfigError as error:
        raise ConfigError(map(job.located, error.problems)) from error


def resolve_config(
    cfg: DictConfig, *, fetch: bool = True, cache: Cache | None = None
) -> ResolvedConfig:
    """Reads the data, solves the width for `params`, sizes the model, and counts the steps.

    Args:
        cfg: Validated config.
        fetch: See `resolve_jobs`.
        cache: See `resolve_jobs`.

    Raises:
        ConfigError: The data is missing or too small for a batch, the model can't be built, no
            width gives the wanted size, or the initial weights do not fit the model.
    """
    cache = cache or Cache()
    if not has_leyden_data(cfg):
        return _resolve_with_data_as_it_is(cfg, cache, fetch=fetch)
    cfg = with_absolute_paths(cfg)
    freeze_split(cfg)
    if not is_module_run(cfg):
        freeze_architecture(cfg)
    solve_batch(cfg)
    data, spec, found = cached_data(cfg, cache, fetch=fetch)
    assert isinstance(data, DataModule)
    assert spec is not None
    problems = list(found)
    if not is_module_run(cfg):
        problems += task_problems(cfg, [spec.task_name], spec.kind)
        problems = problems or list(fit_problems(cfg, spec))
    problems += [] if found else limit_problems(cfg, data)
    if problems:
        raise ConfigError(problems)
    if cfg.params is not None:
        with open_dict(cfg):
            cfg.model.width = cache.get_or_compute(
                lambda: solve_width(cfg, spec), "width", cfg.model, cfg.params, spec
            )
    model = measure_model(cfg, spec, cache, fetch=fetch)
    per_sample = model.flops_per_sample
    flops_per_step = None if per_sample is None else per_sample * cfg.data.batch_size
    spend_budget(cfg, spec, flops_per_step)
    if cfg.get("privacy") is not None:
        cache.get_or_compute(lambda: require_private_net(cfg, spec), "private", cfg.model, spec)
    steps = resolve_privacy(cfg, data, steps=planned_steps(cfg, data))
    return ResolvedConfig(cfg, data, spec, model.params, flops_per_step, steps, model.weights)


def _resolve_with_data_as_it_is(cfg: DictConfig, cache: Cache, *, fetch: bool) -> ResolvedConfig:
    """Resolves a config with a LightningDataModule, or torch datasets, of the user.

    Only its spec is asked for: some need the trainer to be read, and the run reads them anyhow.
    """
    if str(cfg.data._target_).startswith("leyden."):
        cfg = with_absolute_paths(cfg)
    if not is_module_run(cfg):
        freeze_architecture(cfg)
    data, spec, _ = cached_data(cfg, cache)
    if not is_module_run(cfg):
        known = require_spec(cfg, spec)
        problems = list(task_problems(cfg, [known.task_name], known.kind))
        problems = problems or list(fit_problems(cfg, known))
        if problems:
            raise ConfigError(problems)
    model = measure_model(cfg, spec, cache, fetch=fetch)
    spend_budget(cfg, spec, None)
    steps = cfg.trainer.max_steps
    return ResolvedConfig(cfg, data, spec, model.params, None, steps, model.weights)


def measure_model(
    cfg: DictConfig, spec: Spec | None, cache: Cache, *, fetch: bool
) -> MeasuredModel:
    """The size of the model, and what its initial weights are.

    Raises:
        ConfigError: The model can't be built, or the initial weights do not fit it.
    """
    net: nn.Module
    frozen = frozen_until(cfg)
    if is_module_run(cfg):
        module, params = cache.get_or_compute(
            lambda: _measure_module(cfg, spec), "module", cfg.model, cfg.optimizer, frozen, spec
        )
        if problems := list(manual_optimization_problems(cfg, module)):
            raise ConfigError(problems)
        net, flops = module, None
    else:
        known = require_spec(cfg, spec)
        net, params, flops = cache.get_or_compute(
            lambda: _measure_net(cfg, known), "size", cfg.model, frozen, rate_keys(cfg), spec
        )
    source = (cfg.init_from, cfg.get("strict"), cfg.model, spec)
    weights = cache.get_or_compute(
        lambda: initial_weights_content(cfg, net, fetch=fetch), "weights", *source
    )
    return MeasuredModel(params, flops, weights)


def cached_data(
    cfg: DictConfig, cache: Cache, *, fetch: bool = False
) -> tuple[LightningDataModule, Spec | None, list[Problem]]:
    """The data of a config, read once for all jobs whose data differs only in its order.

    Raises:
        ConfigError: The data can't be loaded, or contradicts the config.
    """
    if cfg.run_dir is not None:  # of a run that is resumed: it may keep files of its data
        cfg = in_run_folder(cfg, Path(cfg.run_dir))

    def read() -> tuple[LightningDataModule, Spec | None, list[Problem]]:
        data, spec = read_data(cfg, fetch=fetch)
        return data, spec, data_problems(cfg, data)

    trainer = cfg.trainer
    judged_by = (trainer.precision, cfg.task, is_module_run(cfg))
    return cache.get_or_compute(
        read, "data", cfg.data, trainer.overfit_samples, trainer.allow_synthetic, *judged_by
    )


def _measure_net(cfg: DictConfig, spec: Spec) -> tuple[nn.Module, ParameterCount, int | None]:
    net = meta_net(cfg, spec)
    if problems := list(names_problems(cfg, net)):
        raise ConfigError(problems)
    return net, count_parameters(net), flops_per_sample(net, spec)


def _measure_module(cfg: DictConfig, spec: Spec | None) -> tuple[LightningModule, ParameterCount]:
    module = meta_module(cfg, spec)
    if makes_layers_late(module) and frozen_until(cfg):
        message = f"can't name layers that {type(module).__name__} makes in `configure_model`"
        raise ConfigError([Problem("freeze", message)])
    if problems := list(names_problems(cfg, module)):
        raise ConfigError(problems)
    return module, count_parameters(module)


def manual_optimization_problems(cfg: DictConfig, module: LightningModule) -> Iterator[Problem]:
    """Keys of the trainer that Lightning refuses where the module steps its optimizers itself."""
    if module.automatic_optimization:
        return
    name = type(module).__name__
    if cfg.trainer.gradient_clip_val:
        message = f"is for automatic optimization; {name} clips its gradients by itself"
        yield Problem("trainer.gradient_clip_val", message, str(cfg.trainer.gradient_clip_val))
    if (cfg.trainer.accumulate_grad_batches or 1) != 1:
        message = f"is for automatic optimization; {name} steps its optimizers by itself"
        value = str(cfg.trainer.accumulate_grad_batches)
        yield Problem("trainer.accumulate_grad_batches", message, value)
