"""From the command line to composed configs, one for each job. Hydra does the composing."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from leyden.config.experiments import register
from leyden.config.location import CONF
from leyden.config.origin import Origins
from leyden.config.problem import ConfigError, Problem, suggestion

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Request:
    """The command line, taken apart.

    Attributes:
        overrides: Hydra's overrides, as they were typed.
        multirun: Whether a sweep is asked for.
        config_dir: A folder of the user's own configs.
        config_name: The primary config.
    """

    overrides: tuple[str, ...] = ()
    multirun: bool = False
    config_dir: Path | None = None
    config_name: str = "config"


@dataclass(frozen=True)
class Job:
    """One composed config.

    Attributes:
        cfg: Without Hydra's own node.
        overrides: What was typed or swept.
        choices: The option taken of each group.
        origins: Tells where a key was set; None once a launcher has carried the job elsewhere.
    """

    cfg: DictConfig
    overrides: tuple[str, ...]
    choices: dict[str, str]
    origins: Origins | None = None

    @classmethod
    def from_hydra(
        cls, cfg: DictConfig, hydra: DictConfig, origins: Origins | None = None
    ) -> "Job":
        """A job from what Hydra composed.

        Args:
            cfg: The config; a `hydra` node in it is left out.
            hydra: Hydra's own node.
            origins: See above.
        """
        own = cfg.copy()
        # Unresolved: an override's text may hold an interpolation.
        typed = cast(list[str], OmegaConf.to_container(hydra.overrides.task, resolve=False))
        overrides = tuple(text.lstrip("+") for text in typed)
        with open_dict(own):
            own.pop("hydra", None)
            _insist(own.trainer, overrides)
        choices = {
            group: option
            for group, option in hydra.runtime.choices.items()
            if option is not None and not group.startswith("hydra/")
        }
        return cls(own, overrides, choices, origins)


def _insist(trainer: DictConfig, overrides: tuple[str, ...]) -> None:
    """Lets a trainer option like `smoke` win over an experiment, but not over the command line."""
    typed = {override.partition("=")[0] for override in overrides}
    for key, value in (trainer.pop("insist", None) or {}).items():
        if f"trainer.{key}" not in typed:
            trainer[key] = value


@dataclass(frozen=True)
class Plan:
    """The jobs of a request.

    Attributes:
        jobs: One, or all of a sweep.
        is_sweep: Whether a sweep was asked for, by the command line or by the experiment.
        swept: Keys in which the jobs differ.
    """

    jobs: tuple[Job, ...]
    is_sweep: bool
    swept: tuple[str, ...] = ()


def parse_request(arguments: list[str]) -> Request:
    """Takes the arguments after the verb apart, as Hydra does."""
    parsed, unknown = get_args_parser().parse_known_args(arguments)
    flags = [word for word in unknown if word.startswith("-")]
    if flags:
        raise ConfigError([Problem(flags[0], "no such option; see `leyden train --help`")])
    config_dir = Path(parsed.config_dir).absolute() if parsed.config_dir else None
    if config_dir and not config_dir.is_dir():
        raise ConfigError([Problem("--config-dir", "there is no such folder", parsed.config_dir)])
    return Request(
        overrides=(*parsed.overrides, *unknown),  # argparse stops at a flag between overrides
        multirun=parsed.multirun,
        config_dir=config_dir,
        config_name=parsed.config_name or "config",
    )


def compose_plan(request: Request) -> Plan:
    """Composes every job of a request.

    A key that no file has is let in here, so that `check` can report all of them at once.

    Raises:
        ConfigError: Overrides that can't be read, options that don't exist, broken files.
    """
    with hydra_loader(request) as loader:
        overrides = _parse(request.overrides)
        _refuse_unknown_options(overrides, loader)
        fixed = [override for override in overrides if not override.is_sweep_override()]
        base = _compose(loader, request, fixed)
        _refuse_foreign_plugins(base.hydra)
        if not request.multirun and base.hydra.mode != RunMode.MULTIRUN:
            _refuse_sweeps(overrides)
            return Plan((_job(loader, request, base),), is_sweep=False)
        params = (base.hydra.sweeper.get("params") or {}).items()
        overrides = _parse(f"{key}={value}" for key, value in params) + overrides
        _refuse_unknown_options(overrides, loader)
        (combinations,) = BasicSweeper.split_arguments(overrides, None)
        jobs = [
            _job(loader, request, _compose(loader, request, _parse(combination)))
            for combination in combinations
        ]
        swept = [o.key_or_group for o in overrides if o.is_sweep_override()]
        return Plan(tuple(jobs), is_sweep=True, swept=tuple(swept))


def hydra_overrides(request: Request) -> list[str]:
    """The request's overrides in a form in which Hydra takes keys that no file has."""
    with hydra_loader(request) as loader:
        return [_forced(override, loader) for override in _parse(request.overrides)]


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


def _parse(texts: Iterable[str]) -> list[Override]:
    parser, parsed, problems = OverridesParser.create(), [], []
    for text in texts:
        try:
            parsed.append(parser.parse_override(text))
        except HydraException:
            hint = "is not of the form key=value; quote values with spaces or brackets"
            problems.append(Problem(text, hint, origin=COMMAND_LINE))
    if problems:
        raise ConfigError(problems)
    return parsed


def _compose(
    loader: ConfigLoaderImpl, request: Request, overrides: Iterable[Override]
) -> DictConfig:
    forced = [_forced(override, loader) for override in overrides]
    try:
        return compose(request.config_name, forced, return_hydra_config=True)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        raise ConfigError([_composition_problem(error, loader)]) from error


def _job(loader: ConfigLoaderImpl, request: Request, cfg: DictConfig) -> Job:
    task = OmegaConf.to_container(cfg.hydra.overrides.task, resolve=False)
    origins = Origins(loader, request.config_name, cast(list[str], task))
    return Job.from_hydra(cfg, cfg.hydra, origins)


def _composition_problem(error: Exception, loader: ConfigLoaderImpl) -> Problem:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    missing = re.search(r"Could not find '(.+)/([^/]+)'", str(error))
    if missing:
        group, option = missing.groups()
        origin = lines[0].removeprefix("In ").split(":")[0].strip("'")
        known = loader.repository.get_group_options(group)
        return Problem(group, f"no such option; {suggestion(option, known)}", option, origin)
    if isinstance(error, YAMLError):
        return Problem("YAML", " ".join(lines))
    return Problem("config", " ".join(lines[:2]))


def _refuse_unknown_options(overrides: list[Override], loader: ConfigLoaderImpl) -> None:
    problems = []
    for override in overrides:
        group = override.key_or_group
        if override.is_delete() or not loader.repository.group_exists(group):
            continue
        for option in _options(override):
            if not loader.repository.config_exists(f"{group}/{option}"):
                known = loader.repository.get_group_options(group)
                message = f"no such option; {suggestion(option, known, prefix=f'{group}=')}"
                problems.append(Problem(group, message, option, COMMAND_LINE))
    if problems:
        raise ConfigError(problems)


def _options(override: Override) -> list[str]:
    if override.is_sweep_override():
        return [str(value) for value in override.sweep_iterator()]
    value = override.value()
    values = value if isinstance(value, list) else [value]
    return [str(value) for value in values if value is not None]


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


def _refuse_sweeps(overrides: list[Override]) -> None:
    problems = [
        Problem(
            override.input_line or override.key_or_group,
            "several values are a sweep; add `-m`, or quote them if they are one value",
            origin=COMMAND_LINE,
        )
        for override in overrides
        if override.is_sweep_override()
    ]
    if problems:
        raise ConfigError(problems)


def _forced(override: Override, loader: ConfigLoaderImpl) -> str:
    line = override.input_line
    assert line is not None
    is_group = loader.repository.group_exists(override.key_or_group)
    if is_group or override.is_delete():
        return line
    return "++" + line.lstrip("+")
