"""Changing a run's frozen config."""

from difflib import get_close_matches

from omegaconf import DictConfig, OmegaConf

from leyden.config.overrides import parse_overrides
from leyden.errors import ConfigError, Problem


def override(cfg: DictConfig, overrides: list[str], extra: tuple[str, ...] = ()) -> None:
    """Sets keys of a frozen config.

    Args:
        cfg: Changed in place.
        overrides: `key=value`, as Hydra reads values.
        extra: Words that are taken besides; for the hint where a key is unknown.

    Raises:
        ConfigError: A key that the config does not have.
    """
    problems = []
    for parsed in parse_overrides(overrides):
        key, value = parsed.key_or_group, parsed.value()
        if key not in all_keys(cfg):
            near = get_close_matches(key, [*extra, *all_keys(cfg)], n=1)
            hint = f"did you mean `{near[0]}`?" if near else "its folder's config.yaml has them all"
            problems.append(Problem(key, f"the run's config has no such key; {hint}", str(value)))
        else:
            OmegaConf.update(cfg, key, value)
    if problems:
        raise ConfigError(problems)


def all_keys(node: DictConfig, prefix: str = "") -> list[str]:
    """The full names of all keys."""
    keys = []
    for key in map(str, node):
        keys.append(f"{prefix}{key}")
        if isinstance(node[key], DictConfig):
            keys += all_keys(node[key], f"{prefix}{key}.")
    return keys
