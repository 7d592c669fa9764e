"""A run's hyperparameters under short names, as tables show them."""

from typing import Any

from omegaconf import DictConfig

from leyden.config.environment import recordable

GROUPS = ("model", "data", "optimizer", "scheduler")
ALWAYS = (
    "seed",
    "model.width",
    "model.depth",
    "model.dropout",
    "data.batch_size",
    "optimizer.lr",
    "optimizer.weight_decay",
    "trainer.precision",
)

Scalar = bool | int | float | str


def short_hyperparameters(
    cfg: DictConfig, choices: dict[str, str], overrides: list[str]
) -> dict[str, Scalar]:
    """The options chosen, the numbers that always matter, and whatever the user set.

    Args:
        cfg: The frozen config.
        choices: The option taken of each group.
        overrides: The command line's or the sweep's.

    Returns:
        Values by the last part of their key: `model`, `width`, `optimizer`, `lr`, ... Keys that
        are off are left out.
    """
    typed = [text.partition("=")[0] for text in overrides if "=" in text]
    values: dict[str, Scalar] = {
        group: choices[group] for group in GROUPS if group in choices and cfg[group] is not None
    }
    if "task" in typed:
        values["task"] = choices["task"]
    plain = recordable(cfg)
    for key in dict.fromkeys([*ALWAYS, *typed]):
        value = _at(plain, key)
        if isinstance(value, bool | int | float | str):
            values[key.rpartition(".")[2]] = value
    return values


def _at(plain: Any, key: str) -> Any:
    for part in key.split("."):
        plain = plain.get(part) if isinstance(plain, dict) else None
    return plain
