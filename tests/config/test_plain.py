"""What planning does for every job gives what OmegaConf gives."""

import pytest
from omegaconf import OmegaConf, open_dict

from leyden.config.plain import as_yaml, copy_of, plain

CONFIG = {
    "data": {"batch_size": 32, "sizes": [1, 2], "path": None},
    "name": "${data.batch_size}",
    "again": {"inner": "${data}", "texts": ["1e3", "on", "a: b", "ü", "", "${name}"]},
    "missing": "???",
    "nothing": {},
}


@pytest.fixture
def cfg():
    cfg = OmegaConf.create(CONFIG)
    OmegaConf.set_struct(cfg, True)
    return cfg


@pytest.mark.parametrize("part", ["data", "again", None])
def test_plain_values_are_omegaconfs(cfg, part):
    node = cfg if part is None else cfg[part]
    assert plain(node) == OmegaConf.to_container(node, resolve=True)


def test_a_copy_is_equal_and_refers_within_itself(cfg):
    copy = copy_of(cfg)
    assert copy == cfg
    copy.data.batch_size = 8
    assert (copy.name, cfg.name) == (8, 32)


def test_a_copy_is_as_strict(cfg):
    copy = copy_of(cfg)
    assert OmegaConf.is_struct(copy)
    with open_dict(copy):
        copy.data.new = 1
    assert "new" not in cfg.data


def test_the_yaml_is_omegaconfs():
    assert as_yaml(CONFIG) == OmegaConf.to_yaml(OmegaConf.create(CONFIG))
