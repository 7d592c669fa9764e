"""What Hydra 1.3 keeps private and Leyden needs, each with its reason.

`tests/compat/test_hydra.py` fails when one of them changes.
"""

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.core_plugins.importlib_resources_config_source import (
    ImportlibResourcesConfigSource,
)
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

__all__ = [
    "ConfigLoader",
    "FileConfigSource",
    "ImportlibResourcesConfigSource",
    "apply_overrides",
    "create_config_search_path",
    "hydras_parser",
    "sources",
    "unchecked_help",
]

ConfigLoader = ConfigLoaderImpl
"""Composes configs. `hydra.compose` is public, but it keeps its loader to itself: neither groups
and their options can be asked for, nor can one choice of files be composed once for many jobs."""

# `FileConfigSource` and `ImportlibResourcesConfigSource` read files and packages of configs. Leyden
# refuses files that are too large and packages that are not allowed, so it derives from both.


def apply_overrides(overrides: list[Override], cfg: DictConfig) -> None:
    """Applies overrides to a config, by the function that Hydra calls after it has read the files.

    Args:
        overrides: Those that do not choose files.
        cfg: Changed in place.
    """
    ConfigLoaderImpl._apply_overrides_to_config(overrides, cfg)


def sources() -> SourcesRegistry:
    """The kinds of sources by their schemes, into which Leyden puts its own."""
    return SourcesRegistry.instance()


def hydras_parser() -> ArgumentParser:
    """The parser of Hydra's command line: Leyden's `train` takes the same flags."""
    with unchecked_help():
        return get_args_parser()


@contextmanager
def unchecked_help() -> Iterator[None]:
    """Within it argparse takes any help, as it did before Python 3.14.

    Hydra 1.3.8 gives argparse a help that is no text but makes one when it is printed. Python 3.14
    looks into the help of each option as it is added (`argparse.ArgumentParser._check_help`) and
    refuses it.
    """
    owner: Any = argparse._ActionsContainer
    check = getattr(owner, "_check_help", None)
    if check is None:
        yield
        return
    owner._check_help = lambda container, action: None
    try:
        yield
    finally:
        owner._check_help = check
