"""What the command line asks for."""

import re
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from leyden.compat.hydra import hydras_parser
from leyden.config.project import current_project
from leyden.errors import ConfigError, Problem

LEYDENS = "config"
"""Name of Leyden's own primary config."""


@dataclass(frozen=True)
class Request:
    """The command line, taken apart.

    Attributes:
        overrides: Hydra's overrides, as they were typed.
        multirun: Whether a sweep is asked for.
        config_dir: A folder of the user's own configs.
        config_name: The primary config; None: the project's, or Leyden's.
    """

    overrides: tuple[str, ...] = ()
    multirun: bool = False
    config_dir: Path | None = None
    config_name: str | None = None

    @property
    def primary(self) -> str:
        """Name of the primary config."""
        project = current_project()
        return self.config_name or (project and project.primary) or LEYDENS


def without_password(argument: str) -> str:
    """An argument as records may keep it: a URL without its password."""
    return re.sub(r"(://[^:/@\s]*:)[^@\s]+@", r"\1***@", argument)


SHOWN_BY_TRAIN = {
    "--cfg": "cfg",
    "--info": "info",
    "--resolve": "resolve",
    "--package": "package",
    "--hydra-help": "hydra_help",
    "--shell-completion": "shell_completion",
}
"""Hydra's flags that show something, by their names in its parser."""


def reject_config_path(parsed: Namespace) -> None:
    """Raises `ConfigError` for a flag that would put other files in the place of Leyden's."""
    if parsed.config_path:
        hint = "is not taken: the parts are Leyden's own; type `--config-dir FOLDER` to add yours"
        raise ConfigError([Problem("--config-path", hint, parsed.config_path)])


def parse_request(arguments: list[str]) -> Request:
    """Takes the arguments after the verb apart, as Hydra does."""
    parsed, unknown = hydras_parser().parse_known_args(arguments)
    flags = [word for word in unknown if word.startswith("-")]
    flags += ["--experimental-rerun"] if parsed.experimental_rerun else []  # it unpickles a file
    if flags:
        raise ConfigError([Problem(flags[0], "no such option; see `leyden train --help`")])
    reject_config_path(parsed)
    shown = [flag for flag, name in SHOWN_BY_TRAIN.items() if getattr(parsed, name)]
    if shown:
        hint = "only shows a config; type `leyden train --cfg job ...`"
        raise ConfigError([Problem(shown[0], hint)])
    config_dir = Path(parsed.config_dir).absolute() if parsed.config_dir else None
    if config_dir and not config_dir.is_dir():
        raise ConfigError([Problem("--config-dir", "there is no such folder", parsed.config_dir)])
    return Request(
        overrides=(*parsed.overrides, *unknown),  # argparse stops at a flag between overrides
        multirun=parsed.multirun,
        config_dir=config_dir,
        config_name=parsed.config_name,
    )
