"""What the command line asks for."""

import re
from dataclasses import dataclass
from pathlib import Path

from hydra._internal.utils import get_args_parser

from leyden.config.problem import ConfigError, Problem


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


def without_password(argument: str) -> str:
    """An argument as records may keep it: a URL without its password."""
    return re.sub(r"(://[^:/@\s]*:)[^@\s]+@", r"\1***@", argument)


def parse_request(arguments: list[str]) -> Request:
    """Takes the arguments after the verb apart, as Hydra does."""
    parsed, unknown = get_args_parser().parse_known_args(arguments)
    flags = [word for word in unknown if word.startswith("-")]
    flags += ["--experimental-rerun"] if parsed.experimental_rerun else []  # it unpickles a file
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
