"""What Leyden uses of Hydra's private names is there, and does what Leyden takes it for."""

import argparse
import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigSource
from omegaconf import OmegaConf

from leyden.compat.hydra import (
    FileConfigSource,
    ImportlibResourcesConfigSource,
    apply_overrides,
    hydras_parser,
    sources,
    unchecked_help,
)


def test_hydras_arguments_are_parsed_on_every_python():
    parsed = hydras_parser().parse_args(["-m", "model=mlp", "--config-dir", "mine"])
    assert (parsed.multirun, parsed.overrides, parsed.config_dir) == (True, ["model=mlp"], "mine")


@pytest.mark.skipif(sys.version_info < (3, 14), reason="argparse looks at no help before 3.14")
def test_hydra_still_needs_it():
    with pytest.raises((TypeError, ValueError)):
        get_args_parser()


def test_argparse_is_left_as_it_was():
    before = vars(argparse._ActionsContainer).get("_check_help")
    with unchecked_help():
        pass
    assert vars(argparse._ActionsContainer).get("_check_help") is before


def test_overrides_are_applied_as_hydra_applies_them(tmp_path):
    (tmp_path / "config.yaml").write_text("a: 1\nb: {c: 2}\n")
    words = ["a=3", "b.c=4", "+b.d=[5]", "~b.c"]
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        expected = compose("config", overrides=words)
    cfg = OmegaConf.create({"a": 1, "b": {"c": 2}})
    OmegaConf.set_struct(cfg, True)
    apply_overrides(OverridesParser.create().parse_overrides(words), cfg)
    assert cfg == expected


def test_the_kinds_of_sources_are_those_that_are_replaced():
    Plugins.instance()
    assert {"file", "pkg"} <= sources().types.keys()
    assert issubclass(FileConfigSource, ConfigSource)
    assert issubclass(ImportlibResourcesConfigSource, ConfigSource)
