"""OmegaConf's private loader and dumper do what its public functions do."""

import yaml
from omegaconf import OmegaConf

from leyden.compat.omegaconf import get_omega_conf_dumper, get_yaml_loader

TEXT = "a: 1e3\nb: [1_000, yes, '007', ~, 1:30, 2026-01-01]\nc: {d: '${a}', e: 'x: y'}\n"


def test_the_loader_reads_what_omegaconf_reads():
    expected = OmegaConf.to_container(OmegaConf.create(TEXT))
    assert yaml.load(TEXT, Loader=get_yaml_loader()) == expected


def test_the_dumper_writes_what_omegaconf_writes():
    content = {"a": "007", "b": [None, 1e-7, True], "c": {"d": "${a}", "e": "1e3"}}
    written = yaml.dump(
        content, Dumper=get_omega_conf_dumper(), allow_unicode=True, sort_keys=False
    )
    assert written == OmegaConf.to_yaml(OmegaConf.create(content))
