"""A run's folder: its name, and the frozen config that the run is executed from."""

import re
import secrets
from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from leyden.config.environment import foreign_references, recordable, register
from leyden.config.plain import as_yaml, parse_yaml, require_bounded_size
from leyden.config.project import current_project
from leyden.config.renamed import rename_keys
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.regular import regular
from leyden.run.foreign_links import reject_foreign_links

CONFIG = "config.yaml"
NEEDED = ("data", "model", "trainer")
"""Sections without which a file is no run's config, or only a part of it."""

FILES_BEFORE_THE_RECORD = (
    *("config.yaml", "overrides.yaml", "code.json", "study.journal", "study.journal.lock"),
    *(".lock", ".execution.lock", ".owner.json", ".stop", ".rank-*.json", ".*.part"),
)
FOLDERS_BEFORE_THE_RECORD = (".submitit", ".report.*", ".*.part")
"""Names of what a run or a sweep may have written before its record."""


def outputs_folder() -> Path:
    """Where runs go: the project's folder for them, or `outputs` in the working folder."""
    project = current_project()
    if project is None:
        return Path("outputs")
    here = Path.cwd()
    is_below = project.outputs.is_relative_to(here)
    return project.outputs.relative_to(here) if is_below else project.outputs


def default_name(experiment: str | None, choices: dict[str, str]) -> str:
    """The experiment's name, or the model's and the data's."""
    name = experiment or f"{choices['model']}_{choices['data']}"
    return name.replace("/", "_")


def new_folder(name: str) -> Path:
    """Makes `<outputs>/<name>/<date>_<time>_<id>`: no two runs ever get the same one."""
    while True:
        stamp = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
        try:
            folder = outputs_folder() / name / f"{stamp}_{secrets.token_hex(2)}"
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue


def is_begun(folder: Path) -> bool:
    """Whether a folder is a run's or a sweep's, or would have become one.

    A process may have died at any moment before it wrote the record. What it left is known by its
    names; a sweep's folder without its record may hold jobs.
    """
    if (folder / "run.json").is_file() or (folder / "sweep.json").is_file():
        return True
    return all(_is_own(path) for path in folder.iterdir())


def _is_own(path: Path) -> bool:
    """Whether a run or a sweep has written this before its record."""
    if path.is_symlink():
        return False
    if path.is_dir() and (path / "run.json").is_file():
        return re.search("-[0-9a-f]{6}$", path.name) is not None
    names = FOLDERS_BEFORE_THE_RECORD if path.is_dir() else FILES_BEFORE_THE_RECORD
    return any(fnmatchcase(path.name, name) for name in names)


def job_name(overrides: tuple[str, ...], swept: tuple[str, ...], digest: str) -> str:
    """A sweep job's folder: what sets it apart, short, and a hash.

    `optimizer=adamw model.width=64` gives `adamw_width64-3f2a91`.
    """
    words = []
    for override in overrides:
        key, _, value = override.partition("=")
        if key in swept:
            is_option = "." not in key and not _is_number(value)
            last = "" if is_option else key.rpartition(".")[2]
            words.append(slug(f"{last}{_short(value)}"))
    return f"{'_'.join(words)[:60] or 'job'}-{digest[:6]}"


def slug(text: str) -> str:
    """A text as part of a folder's name."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "-", text).strip("-")


def _short(value: str) -> str:
    """A number with four digits; a search proposes sixteen."""
    return f"{float(value):.4g}" if len(value) > 7 and _is_number(value) else value


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def freeze(cfg: DictConfig, overrides: tuple[str, ...], folder: Path) -> None:
    """Writes the resolved config, from which the run is executed, and the overrides."""
    freeze_config(cfg, folder)
    write_atomically(folder / "overrides.yaml", OmegaConf.to_yaml(list(overrides)))


def freeze_config(cfg: DictConfig, folder: Path) -> None:
    """Writes the resolved config alone."""
    write_atomically(folder / CONFIG, as_yaml(recordable(cfg)))


ADDED: dict[str, Any] = {
    "resume": {"every_steps": None, "every_minutes": 1, "keep": 2, "allow_change": []},
    "trainer.on_nonfinite": "raise",
    "trainer.max_nonfinite": 10,
}
"""Keys that the configs of earlier versions lack."""


NOT_STRATIFIED = {"leyden.data.Digits", "leyden.data.ImageFolder", "leyden.data.csv_table.CSVTable"}
"""Data sets whose parts earlier versions drew from all classes together."""


def upgrade_config(cfg: DictConfig) -> None:
    """Gives a frozen config of an earlier version the names of today and the keys that it lacks."""
    rename_keys(cfg)
    data = cfg.get("data")
    if (
        isinstance(data, DictConfig)
        and data.get("_target_") in NOT_STRATIFIED
        and "split" not in data
    ):
        OmegaConf.update(data, "split", {"stratified": False}, force_add=True)
    for key, value in ADDED.items():
        parent, _, name = key.rpartition(".")
        node = OmegaConf.select(cfg, parent) if parent else cfg
        if isinstance(node, DictConfig) and name not in node:
            OmegaConf.update(node, name, value, force_add=True)


def read_frozen(folder: Path) -> DictConfig:
    """The config that a run is or was executed from; it may be a stranger's.

    Raises:
        ConfigError: It can't be read, would grow without bounds, or refers to what it may not.
    """
    path = folder / CONFIG
    register()
    try:
        with open(path, "rb", opener=regular) as file:
            require_bounded_size(file)
            cfg = OmegaConf.create(parse_yaml(file))
    except (
        OSError,
        UnicodeDecodeError,
        RecursionError,
        YAMLError,
        OmegaConfBaseException,
    ) as error:
        message = f"can't be read: {str(error).partition(chr(10))[0]}"
        raise ConfigError([Problem(CONFIG, message, str(folder))]) from error
    if not isinstance(cfg, DictConfig):
        raise ConfigError([Problem(CONFIG, "must be a mapping", str(folder))])
    content = cast(dict[str, Any], OmegaConf.to_container(cfg))  # nothing is resolved
    missing = [key for key in NEEDED if not isinstance(content.get(key), dict)]
    if missing:
        raise ConfigError([Problem(CONFIG, f"has no `{missing[0]}`", str(folder))])
    problems = list(foreign_references(content))
    if problems:
        raise ConfigError([replace(problem, origin=str(path)) for problem in problems])
    upgrade_config(cfg)
    return cfg


def require_run_folder(folder: Path) -> None:
    """Raises `ConfigError` if a folder is not a run's, or leads elsewhere."""
    reject_foreign_links(folder, key="RUN")
    if not (folder / "config.yaml").is_file():
        inner = sorted(path.parent.name for path in folder.glob("*/config.yaml"))
        message = "is not a run's folder; `leyden runs` lists them"
        if inner and (folder / "sweep.json").is_file():
            message = f"is a sweep; name one of its runs: {', '.join(inner)}"
        raise ConfigError([Problem("RUN", message, str(folder))])
