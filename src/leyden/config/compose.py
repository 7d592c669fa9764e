"""From the command line to composed configs, one for each job. Hydra does the composing."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from leyden.config.experiments import register
from leyden.config.job import Job, Plan
from leyden.config.location import CONF
from leyden.config.origin import Origins
from leyden.config.overrides import (
    COMMAND_LINE,
    forced,
    parse_overrides,
    refuse_searches,
    refuse_sweeps,
    refuse_unknown_options,
)
from leyden.config.problem import ConfigError, Problem, suggestion
from leyden.config.request import Request


def compose_plan(request: Request) -> Plan:
    """Composes every job of a request.

    A key that no file has is let in here, so that `check` can report all of them at once.

    Raises:
        ConfigError: Overrides that can't be read, options that don't exist, broken files.
    """
    with hydra_loader(request) as loader:
        overrides = parse_overrides(request.overrides)
        refuse_unknown_options(overrides, loader)
        fixed = [override for override in overrides if not override.is_sweep_override()]
        base = _compose(loader, request, fixed)
        _refuse_foreign_plugins(base.hydra)
        if not request.multirun and base.hydra.mode != RunMode.MULTIRUN:
            refuse_sweeps(overrides)
            return Plan((_job(loader, request, base),), is_sweep=False)
        params = (base.hydra.sweeper.get("params") or {}).items()
        overrides = parse_overrides(f"{key}={value}" for key, value in params) + overrides
        refuse_unknown_options(overrides, loader)
        refuse_searches(overrides)
        (combinations,) = BasicSweeper.split_arguments(overrides, None)
        jobs = [
            _job(loader, request, _compose(loader, request, parse_overrides(combination)))
            for combination in combinations
        ]
        swept = [o.key_or_group for o in overrides if o.is_sweep_override()]
        return Plan(tuple(jobs), is_sweep=True, swept=tuple(swept))


def hydra_overrides(request: Request) -> list[str]:
    """The request's overrides in a form in which Hydra takes keys that no file has."""
    with hydra_loader(request) as loader:
        return [forced(override, loader) for override in parse_overrides(request.overrides)]


@contextmanager
def hydra_loader(request: Request) -> Iterator[ConfigLoaderImpl]:
    """Hydra's config loader over our catalogue, the experiments and the user's own folder."""
    register()
    GlobalHydra.instance().clear()
    with initialize_config_dir(config_dir=str(CONF), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        assert isinstance(loader, ConfigLoaderImpl)
        if request.config_dir:
            path = f"file://{request.config_dir}"
            loader.config_search_path.prepend("command-line", path, anchor="schema")
            loader = ConfigLoaderImpl(loader.config_search_path)
            hydra = GlobalHydra.instance().hydra
            assert hydra is not None
            hydra.config_loader = loader
        yield loader


def _compose(
    loader: ConfigLoaderImpl, request: Request, overrides: Iterable[Override]
) -> DictConfig:
    texts = [forced(override, loader) for override in overrides]
    try:
        return compose(request.config_name, texts, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError([_composition_problem(error, loader)]) from error


def _job(loader: ConfigLoaderImpl, request: Request, cfg: DictConfig) -> Job:
    task = OmegaConf.to_container(cfg.hydra.overrides.task, resolve=False)
    origins = Origins(loader, request.config_name, cast(list[str], task))
    return Job.from_hydra(cfg, cfg.hydra, origins)


def _composition_problem(error: Exception, loader: ConfigLoaderImpl) -> Problem:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = re.search(r"Could not find '([^']+)/([^'/]+)'", str(error))
    # What an experiment without its package line chooses lands in a group of its own name.
    nested = re.search(r"Could not find 'experiment/(\w+)/|@experiment\.(\w+)", str(error))
    if nested:
        group = nested.group(1) or nested.group(2)
        message = (
            "needs `# @package _global_` as its first line,"
            f" and `override /{group}: ...` in its defaults"
        )
        return Problem("experiment", message, origin=lines[0].removeprefix("In ").split(":")[0])
    if missing:
        group, option = missing.groups()
        origin = lines[0].removeprefix("In ").split(":")[0].strip("'")
        known = loader.repository.get_group_options(group)
        return Problem(group, f"no such option; {suggestion(option, known)}", option, origin)
    if isinstance(error, YAMLError):
        return Problem("YAML", " ".join(lines))
    return Problem("config", " ".join(lines[:2]))


def _refuse_foreign_plugins(hydra: DictConfig) -> None:
    nodes = {"hydra.launcher": hydra.launcher, "hydra.sweeper": hydra.sweeper}
    nodes |= {f"hydra.callbacks.{name}": node for name, node in (hydra.callbacks or {}).items()}
    problems = [
        Problem(f"{key}._target_", "is not a plugin of Hydra", node._target_, COMMAND_LINE)
        for key, node in nodes.items()
        if not node._target_.startswith(("hydra._internal.core_plugins.", "hydra_plugins."))
    ]
    if problems:
        raise ConfigError(problems)
