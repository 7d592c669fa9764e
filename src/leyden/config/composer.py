"""Hydra's composition of one config from the files and the overrides."""

import re
from collections.abc import Iterable

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.types import Override
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from leyden.config import environment
from leyden.config.axes import Assignment
from leyden.config.experiments import register
from leyden.config.job import Job
from leyden.config.location import CONF
from leyden.config.origin import Origins
from leyden.config.overrides import forced, parse_overrides
from leyden.config.problem import ConfigError, Problem, suggestion
from leyden.config.request import Request


class Composer:
    """Composes the configs of a request.

    Which files make a config is decided by the options alone, so each choice of options is
    composed once; a job's other overrides are applied to a copy of it, as Hydra itself does.
    Edits of the files during a sweep do not reach what was composed before.

    Args:
        request: Names the primary config and the user's own folder.
    """

    def __init__(self, request: Request) -> None:
        self.config_name = request.config_name
        self.loader = config_loader(request)
        self._composed: dict[tuple[str, ...], DictConfig] = {}

    def config(self, overrides: Iterable[Override]) -> DictConfig:
        """The config with the node `hydra`.

        Raises:
            ConfigError: Hydra can't compose it.
        """
        overrides = list(overrides)
        chosen = tuple(forced(o, self.loader) for o in overrides if self._chooses(o))
        rest = [forced(o, self.loader) for o in overrides if not self._chooses(o)]
        try:
            cfg = self._chosen(chosen).copy()
            # Private, but the very function that Hydra calls after it has read the files.
            ConfigLoaderImpl._apply_overrides_to_config(parse_overrides(rest, self.loader), cfg)
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise ConfigError([_composition_problem(error, self.loader)]) from error
        return cfg

    def job(self, fixed: Iterable[str], assignment: Assignment) -> Job:
        """A job: what all have in common, and what is particular to it."""
        texts = [*fixed, *assignment.overrides()]
        cfg = self.config(parse_overrides(texts, self.loader))
        origins = Origins(self.loader, self.config_name, texts, assignment.origins)
        return Job.from_hydra(cfg, texts, origins, assignment)

    def _chooses(self, override: Override) -> bool:
        """Whether it decides which files are read."""
        is_group = self.loader.repository.group_exists(override.key_or_group)
        return is_group or override.is_hydra_override()

    def _chosen(self, options: tuple[str, ...]) -> DictConfig:
        if options not in self._composed:
            self._composed[options] = self.loader.load_configuration(
                self.config_name, list(options), RunMode.RUN, from_shell=False
            )
        return self._composed[options]


def config_loader(request: Request) -> ConfigLoaderImpl:
    """Hydra's config loader over our catalogue, the experiments and the user's own folder."""
    register()
    setup_globals()  # the resolvers of `${now:}` and `${hydra:}`
    environment.register()
    version.setbase("1.3")
    path = create_config_search_path(str(CONF))
    if request.config_dir:
        path.prepend("command-line", f"file://{request.config_dir}", anchor="schema")
    return ConfigLoaderImpl(path)


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
