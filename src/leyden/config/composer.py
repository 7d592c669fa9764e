"""Hydra's composition of one config from the files and the overrides."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hydra import version
from hydra.core.override_parser.types import Override
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from leyden.compat.hydra import ConfigLoader, apply_overrides, create_config_search_path
from leyden.config import environment
from leyden.config.catalogue import register
from leyden.config.job import Job
from leyden.config.location import CONF
from leyden.config.origin import Origins
from leyden.config.overrides import parse_overrides, with_forced_prefix
from leyden.config.plain import copy_of, has_types, untyped
from leyden.config.project import current_project
from leyden.config.request import Request
from leyden.config.sweep_space import Assignment
from leyden.errors import ConfigError, Problem, suggestion


@dataclass(frozen=True)
class ParsedOverride:
    """An override that has been read.

    Attributes:
        line: Override in the form that Hydra takes.
        override: Parsed override.
        chooses: It decides which files are read.
    """

    line: str
    override: Override
    chooses: bool


@dataclass(frozen=True)
class ComposedFiles:
    """What the files of a choice of options say together.

    Attributes:
        whole: The config with the node `hydra`.
        own: Without it: it is half of the config, and no part of a job.
        choices: The option taken of each group.
        is_typed: A part comes from Hydra's ConfigStore with the types of a dataclass.
    """

    whole: DictConfig
    own: DictConfig
    choices: dict[str, str]
    is_typed: bool

    @classmethod
    def of(cls, whole: DictConfig) -> "ComposedFiles":
        own = whole.copy()
        with open_dict(own):
            own.pop("hydra")
        choices = {
            group: option
            for group, option in whole.hydra.runtime.choices.items()
            if option is not None and not group.startswith("hydra/")
        }
        return cls(whole, own, choices, has_types(own))


class Composer:
    """Composes the configs of a request.

    Which files make a config is decided by the options alone, so each choice of options is
    composed once; a job's other overrides are applied to a copy of it, as Hydra itself does.
    Edits of the files during a sweep do not reach what was composed before.

    Args:
        request: Names the primary config and the user's own folder.
    """

    def __init__(self, request: Request) -> None:
        self.config_name = request.primary
        self.loader = config_loader(request)
        self._read: dict[str, ParsedOverride] = {}
        self._files: dict[tuple[str, ...], ComposedFiles] = {}

    def config(self, texts: Iterable[str]) -> DictConfig:
        """The config of some overrides, with the node `hydra`.

        Raises:
            ConfigError: They can't be read, or Hydra can't compose it.
        """
        return self._composed(texts, of=lambda files: files.whole)[0]

    def job(self, fixed: Iterable[str], assignment: Assignment) -> Job:
        """A job: what all have in common, and what is particular to it.

        Raises:
            ConfigError: See above.
        """
        texts = [*fixed, *assignment.overrides()]
        cfg, choices = self._composed(texts, of=lambda files: files.own)
        origins = Origins(self.loader, self.config_name, texts, assignment.origins)
        return Job.from_config(cfg, choices, texts, origins, assignment)

    def _composed(
        self, texts: Iterable[str], *, of: Callable[[ComposedFiles], DictConfig]
    ) -> tuple[DictConfig, dict[str, str]]:
        readings = self._readings(list(texts))
        try:
            files = self._chosen(tuple(one.line for one in readings if one.chooses))
            cfg, rest = copy_of(of(files)), [one.override for one in readings if not one.chooses]
            apply_overrides(rest, cfg)
            if files.is_typed:
                cfg = untyped(cfg)
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise ConfigError([_composition_problem(error, self.loader)]) from error
        return cfg, files.choices

    def _readings(self, texts: list[str]) -> list[ParsedOverride]:
        new = [text for text in dict.fromkeys(texts) if text not in self._read]
        lines = [
            with_forced_prefix(override, self.loader)
            for override in parse_overrides(new, self.loader)
        ]
        overrides = parse_overrides(lines, self.loader)
        for text, line, override in zip(new, lines, overrides, strict=True):
            is_group = self.loader.repository.group_exists(override.key_or_group)
            self._read[text] = ParsedOverride(
                line, override, is_group or override.is_hydra_override()
            )
        return [self._read[text] for text in texts]

    def _chosen(self, options: tuple[str, ...]) -> ComposedFiles:
        if options not in self._files:
            whole = self.loader.load_configuration(
                self.config_name, list(options), RunMode.RUN, from_shell=False
            )
            self._files[options] = ComposedFiles.of(whole)
        return self._files[options]


def config_loader(request: Request) -> ConfigLoader:
    """Hydra's config loader over our catalogue, the experiments and the user's own folder."""
    register()
    project = current_project()
    if project is not None:
        project.import_modules()
    setup_globals()  # the resolvers of `${now:}` and `${hydra:}`
    environment.register()
    version.setbase("1.3")
    path = create_config_search_path(str(CONF))
    if request.config_dir:
        path.prepend("command-line", f"file://{request.config_dir}", anchor="schema")
    return ConfigLoader(path)


def _composition_problem(error: Exception, loader: ConfigLoader) -> Problem:
    cause = error.__cause__
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.object_type is not None:
        known = getattr(cause.object_type, "__dataclass_fields__", {})
        key = str(cause.full_key)
        parent = key.rpartition(".")[0]
        hint = suggestion(str(cause.key), known, prefix=f"{parent}." if parent else "")
        return Problem(key, f"no such key in {cause.object_type.__name__}; {hint}")
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
    primary = re.search(r"Cannot find primary config '([^']+)'", str(error))
    if primary:
        message = "there is no such config; `--config-dir FOLDER` adds a folder to look in"
        return Problem("--config-name", message, primary.group(1))
    return Problem("config", " ".join(lines))
