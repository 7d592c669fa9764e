"""Configs as plain values, and their copies, which planning makes for every job."""

import pickle
from typing import Any, cast

import yaml
from omegaconf import DictConfig, OmegaConf

from leyden.compat.omegaconf import get_omega_conf_dumper


def plain(node: DictConfig) -> Any:
    """A config as dicts, lists and values, all resolved."""
    unresolved = OmegaConf.to_container(node)
    if not refers(unresolved):  # to resolve takes three times as long
        return unresolved
    return OmegaConf.to_container(node, resolve=True)


def refers(value: Any) -> bool:
    """Whether something stands in plain values, not resolved, that OmegaConf has to work out."""
    return "${" in repr(value)


def copy_of(cfg: DictConfig) -> DictConfig:
    """A whole config's copy, by a pickle that does not leave this function.

    OmegaConf's own takes three times as long.
    """
    return cast(DictConfig, pickle.loads(pickle.dumps(cfg)))


def as_yaml(value: Any) -> str:
    """Plain values as OmegaConf writes them, which would make a config of them first."""
    dumper = get_omega_conf_dumper()
    return yaml.dump(value, Dumper=dumper, allow_unicode=True, sort_keys=False)
