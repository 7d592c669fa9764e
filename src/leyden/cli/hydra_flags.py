"""Hydra's own command line over our catalogue, for the flags that only show something."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import hydra
from omegaconf import DictConfig

from leyden.compat.hydra import hydras_parser, unchecked_help
from leyden.config.catalogue import register
from leyden.config.location import CONF
from leyden.config.project import current_project
from leyden.config.request import Request, reject_config_path
from leyden.errors import ConfigError, Problem


def hydra_main(arguments: list[str]) -> int:
    """Answers `--cfg`, `--info`, `--hydra-help`, `--version` and shell completion.

    Returns:
        The exit status; Hydra itself exits with 1 on an error.

    Raises:
        ConfigError: Hydra would unpickle a file.
    """
    asked = hydras_parser().parse_known_args(arguments)[0]
    if asked.experimental_rerun is not None:
        raise ConfigError(
            [Problem("--experimental-rerun", "would unpickle a file; no such option")]
        )
    reject_config_path(asked)
    register()
    project = current_project()
    if project is not None:
        project.import_modules()
    sys.argv = [sys.argv[0], *arguments]
    with unchecked_help(), _root_logger_restored():
        hydra.main(version_base="1.3", config_path=str(CONF), config_name=Request().primary)(
            _nothing
        )()
    return 0


@contextmanager
def _root_logger_restored() -> Iterator[None]:
    """`--info` makes the root logger write debug lines for the rest of the process."""
    level, handlers = logging.root.level, list(logging.root.handlers)
    try:
        yield
    finally:
        logging.root.setLevel(level)
        logging.root.handlers[:] = handlers


def _nothing(cfg: DictConfig) -> None:
    """Hydra never gets as far as running."""
