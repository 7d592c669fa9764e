"""YAML is read as OmegaConf reads it."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf
from yaml import YAMLError

from leyden.config.location import CONF
from leyden.config.plain import read_yaml

FILES = sorted(Path(CONF).rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_config_is_read_as_by_omegaconf(path: Path) -> None:
    by_omegaconf = OmegaConf.to_container(OmegaConf.load(path))
    assert OmegaConf.to_container(OmegaConf.create(read_yaml(path))) == by_omegaconf


def test_numbers_and_words_are_told_apart_as_by_omegaconf(tmp_path: Path) -> None:
    path = tmp_path / "values.yaml"
    path.write_text(
        "a: 1e-3\nb: 1e5\nc: .5\nd: -.inf\ne: 2020-01-01\nf: 1_000\ng: 'on'\nh: on\ni: ~\nj: 0x1f\n"
    )
    assert read_yaml(path) == OmegaConf.to_container(OmegaConf.load(path))
    assert read_yaml(path)["a"] == 0.001


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("a: 1\na: 2\n")
    with pytest.raises(YAMLError):
        read_yaml(path)
