"""Changing a run's frozen config."""

from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from leyden.config.problem import ConfigError, Problem, suggestion

ADDED: dict[str, Any] = {
    "resume": {"every_steps": None, "every_minutes": 1, "keep": 2, "allow_change": []},
    "trainer.on_nonfinite": "raise",
    "trainer.max_nonfinite": 10,
}
"""Keys that the configs of earlier versions lack."""


def bring_up_to_date(cfg: DictConfig) -> None:
    """Gives a frozen config of an earlier version the keys that it lacks."""
    for key, value in ADDED.items():
        if OmegaConf.select(cfg, key) is None:
            OmegaConf.update(cfg, key, value, force_add=True)


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
    for text in overrides:
        try:
            parsed = OverridesParser.create().parse_override(text)
        except HydraException:
            problems.append(Problem(text, "is not of the form key=value"))
            continue
        key, value = parsed.key_or_group, parsed.value()
        if key not in all_keys(cfg):
            hint = suggestion(key, [*extra, *all_keys(cfg)])
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
