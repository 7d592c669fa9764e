"""Hydra's own command line over our catalogue, for the flags that only show something."""

import sys

import hydra
from omegaconf import DictConfig

from leyden.config.experiments import register
from leyden.config.location import CONF


def hydra_main(arguments: list[str]) -> int:
    """Answers `--cfg`, `--info`, `--hydra-help`, `--version` and shell completion.

    Returns:
        The exit status; Hydra itself exits with 1 on an error.
    """
    register()
    sys.argv = [sys.argv[0], *arguments]
    hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")(_nothing)()
    return 0


def _nothing(cfg: DictConfig) -> None:
    """Hydra never gets as far as running."""
