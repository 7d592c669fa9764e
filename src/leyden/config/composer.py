"""Hydra's composition of one config from the files and the overrides."""

import secrets
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from hydra import version
from hydra.core.override_parser.types import Override
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from leyden.compat.hydra import ConfigLoader, apply_overrides, create_config_search_path
from leyden.config import environment
from leyden.config.catalogue import register
from leyden.config.composition_problem import composition_problem
from leyden.config.job import Job
from leyden.config.location import CONF
from leyden.config.origin import Origins
from leyden.config.overrides import parse_overrides, with_forced_prefix
from leyden.config.plain import copy_of, has_types, untyped
from leyden.config.project import current_project
from leyden.config.references import replace_references
from leyden.config.request import Request
from leyden.config.schema import Root
from leyden.config.signature import fields_of
from leyden.config.sweep_space import Assignment
from leyden.config.template import is_foreign, translate
from leyden.config.translator import Remark
from leyden.errors import ConfigError, Problem


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

    @property
    def empties(self) -> bool:
        """Whether it takes no option of a group, as `logger=null`, which Hydra does not know."""
        is_choice = self.chooses and not self.override.is_hydra_override()
        is_one = not self.override.is_delete() and not self.override.is_sweep_override()
        return is_choice and is_one and self.override.value() is None


@dataclass(frozen=True)
class ComposedFiles:
    """What the files of a choice of options say together.

    Attributes:
        whole: The config with the node `hydra`.
        own: Without it: it is half of the config, and no part of a job.
        choices: The option taken of each group.
        root_keys: Keys at the root that the files declare and Leyden does not know.
        is_typed: A part comes from Hydra's ConfigStore with the types of a dataclass.
    """

    whole: DictConfig
    own: DictConfig
    choices: dict[str, str]
    root_keys: tuple[str, ...]
    is_typed: bool

    @property
    def is_foreign(self) -> bool:
        """Whether they are of another layout than Leyden's."""
        return is_foreign(self.own)

    @classmethod
    def of(cls, whole: DictConfig, declared: Callable[[], Container[str]]) -> "ComposedFiles":
        """Takes apart what Hydra has composed.

        Args:
            whole: The config with the node `hydra`.
            declared: Gives the root keys that the primary config declares; finding them takes as
                long as the composition, so it is asked only of keys that Leyden does not know.
        """
        own = whole.copy()
        with open_dict(own):
            own.pop("hydra")
        choices = {
            group: option
            for group, option in whole.hydra.runtime.choices.items()
            if option is not None and group.partition("/")[0] != "hydra"
        }
        packages = {group.partition("@")[2].partition(".")[0] for group in choices}
        known = {*fields_of(Root), "sweep"}
        root_keys = tuple(
            str(key) for key in own if key not in known and (key in packages or key in declared())
        )
        return cls(whole, own, choices, root_keys, has_types(own))


@dataclass(frozen=True)
class Composed:
    """What some overrides make of the files.

    Attributes:
        cfg: The config.
        choices: The option taken of each group.
        remarks: What was replaced or left out of a config of another layout.
    """

    cfg: DictConfig
    choices: dict[str, str]
    remarks: tuple[Remark, ...] = ()


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
        self._of_hydra: tuple[Remark, ...] = ()
        self._places: dict[Remark, str | None] = {}
        self._drawn = secrets.token_hex(8)
        self._read: dict[str, ParsedOverride] = {}
        self._files: dict[tuple[str, ...], ComposedFiles] = {}

    def config(self, texts: Iterable[str]) -> DictConfig:
        """The config of some overrides, with the node `hydra`.

        Raises:
            ConfigError: They can't be read, or Hydra can't compose it.
        """
        composed = self._composed(texts, of=lambda files: files.whole)
        self._of_hydra = tuple(one for one in composed.remarks if one.key.startswith("hydra."))
        return composed.cfg

    def job(self, fixed: Iterable[str], assignment: Assignment) -> Job:
        """A job: what all have in common, and what is particular to it.

        Raises:
            ConfigError: See above.
        """
        texts = [*fixed, *assignment.overrides()]
        is_swept = bool(assignment.values)
        composed = self._composed(texts, of=lambda files: files.own, is_swept=is_swept)
        origins = Origins(self.loader, self.config_name, texts, assignment.origins)
        job = Job.from_config(composed.cfg, composed.choices, texts, origins, assignment)
        remarks = (*self._of_hydra, *composed.remarks)
        return replace(job, notes=(*(self._said(one, origins) for one in remarks), *job.notes))

    def _said(self, remark: Remark, origins: Origins) -> str:
        """A remark with the file and the line that it is about; the same for all jobs."""
        if remark not in self._places:
            self._places[remark] = origins.place(remark.key)
        place = self._places[remark]
        return f"note: {remark.key}{f' ({place})' if place else ''}: {remark.message}"

    def _composed(
        self,
        texts: Iterable[str],
        *,
        of: Callable[[ComposedFiles], DictConfig],
        is_swept: bool = False,
    ) -> Composed:
        texts = list(texts)
        readings = self._readings(texts)
        emptied = [one.override.key_or_group for one in readings if one.empties]
        try:
            chosen = (one.line for one in readings if one.chooses and not one.empties)
            files = self._chosen(tuple(chosen))
            cfg, rest = copy_of(of(files)), [one.override for one in readings if not one.chooses]
            _empty(cfg, emptied)
            apply_overrides(rest, cfg)
            if files.is_typed:
                cfg = untyped(cfg)
        except (HydraException, OmegaConfBaseException, YAMLError) as error:
            raise ConfigError([composition_problem(error, self.loader)]) from error
        choices = {key: one for key, one in files.choices.items() if key not in emptied}
        cfg = replace_references(cfg, primary=self.config_name, choices=choices)
        if not files.is_foreign:
            if files.root_keys:
                with open_dict(cfg):
                    cfg.own_keys = [*files.root_keys]
            return Composed(cfg, choices)
        is_resumable = is_swept or cfg.get("run_dir") is not None
        seed = self._seed(texts, is_resumable=is_resumable)
        cfg, remarks = translate(cfg, declared=files.root_keys, seed=seed, is_swept=is_swept)
        named = {group: _name_of(cfg.get(group)) for group in ("model", "data")}
        return Composed(cfg, {**named, **choices}, remarks)

    def _seed(self, texts: list[str], *, is_resumable: bool) -> int:
        """A seed for a config without one.

        Args:
            texts: Overrides of the job.
            is_resumable: The same command goes on with what is there, so it follows from the
                overrides alone.
        """
        salt = "" if is_resumable else self._drawn
        return int(sha256("\n".join([salt, *sorted(texts)]).encode()).hexdigest()[:8], 16)

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
            self._files[options] = ComposedFiles.of(whole, lambda: self._declared)
        return self._files[options]

    @cached_property
    def _declared(self) -> set[str]:
        """Root keys that the primary config declares, with the groups that it takes."""
        keys: set[str] = set()
        if (found := self.loader.repository.load_config(self.config_name)) is None:
            return keys
        keys |= {str(key) for key in found.config}
        try:
            plan = self.loader.compute_defaults_list(self.config_name, [], RunMode.RUN)
        except HydraException:  # a group must be chosen first
            return keys
        for default in plan.defaults:
            path, package = default.config_path, default.package
            if package:
                keys.add(package.partition(".")[0])
            elif path is not None and (file := self.loader.repository.load_config(path)):
                keys |= {str(key) for key in file.config}
        return keys


def _empty(cfg: DictConfig, groups: list[str]) -> None:
    """Leaves nothing of some groups.

    Raises:
        ConfigError: What a group says lies in other parts of the config.
    """
    with open_dict(cfg):
        for group in groups:
            if group in cfg or group in fields_of(Root):
                cfg[group] = {}
            elif group in cfg.get("hydra", {}).get("runtime", {}).get("choices", {}):
                option = cfg.hydra.runtime.choices[group]
                if option is not None:
                    message = f"can't be taken back: `{option}` is said by a file"
                    raise ConfigError([Problem(group, message, "null", "command line")])


def _name_of(node: Any) -> str:
    """What a part is called that is no option of a group."""
    target = node.get("_target_") if isinstance(node, DictConfig) else None
    return str(target or "own").rpartition(".")[2]


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
