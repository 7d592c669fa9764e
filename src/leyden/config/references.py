"""What configs ask Hydra and the environment for by `${...}`, where it has a meaning in Leyden.

Hydra fills such references while it runs a job. Leyden composes jobs long before, so they are
replaced by what they stand for; the folder of a run, which is not known yet, by a mark.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.plain import refers, texts_in
from leyden.config.project import current_project
from leyden.errors import ConfigError, Problem

RUN_FOLDER = "<run_dir>"
"""Stands for the folder of a run in its config: the run can be moved. No name of a file that a
config may give to Lightning has such characters."""

FOLDERS = ("runtime.output_dir", "run.dir")
"""Hydra's names of the folder of a run."""

HYDRA = re.compile(r"\$\{hydra:([^${}]*)\}")
ROOT = re.compile(r"\$\{oc\.env:PROJECT_ROOT(?:,[^${}]*)?\}")
"""The variable that lightning-hydra-template sets to the folder of the project."""


def replace_references(cfg: DictConfig, *, primary: str, choices: Mapping[str, Any]) -> DictConfig:
    """A config without references to Hydra.

    Args:
        cfg: Composed config, or one without the node `hydra`.
        primary: Name of the primary config.
        choices: The option taken of each group.

    Raises:
        ConfigError: All references without a meaning.
    """
    written = OmegaConf.to_container(cfg)
    if not refers(written):
        return cfg
    known = {
        **dict.fromkeys(FOLDERS, RUN_FOLDER),
        **dict.fromkeys(("job.name", "job.config_name"), primary),
        **{f"runtime.choices.{group}": _text(option) for group, option in choices.items()},
        "runtime.cwd": os.getcwd(),
    }
    problems = [
        Problem(path, f"refers to `hydra:{key}`, which has no meaning in Leyden", text)
        for path, text in texts_in(written)
        for key in HYDRA.findall(text)
        if key not in known and not path.startswith("hydra.")
    ]
    if problems:
        raise ConfigError(problems)
    project = current_project()
    root = os.environ.get("PROJECT_ROOT") or (project and str(project.folder))

    def replaced(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: inner if key == "hydra" else replaced(inner) for key, inner in value.items()
            }
        if isinstance(value, list):
            return [replaced(inner) for inner in value]
        if not isinstance(value, str):
            return value
        text = HYDRA.sub(lambda found: known[found[1]], value)
        return ROOT.sub(lambda _: root, text) if root else text

    return cast(DictConfig, OmegaConf.create(replaced(written)))


def in_run_folder(cfg: DictConfig, folder: Path) -> DictConfig:
    """The config of a run with its folder in the place of the mark."""
    written = OmegaConf.to_container(cfg)
    if RUN_FOLDER not in repr(written):
        return cfg
    place = str(folder.absolute())

    def placed(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: placed(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [placed(inner) for inner in value]
        return value.replace(RUN_FOLDER, place) if isinstance(value, str) else value

    return cast(DictConfig, OmegaConf.create(placed(written)))


def _text(option: Any) -> str:
    return "null" if option is None else str(option)
