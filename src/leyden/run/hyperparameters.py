"""A run's hyperparameters under short names, as tables show them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
PLACES = ("run_dir", "name", "experiment", "logger", "callbacks", "init_from")
"""Keys that say where a run lies, or what it is made of; as hyperparameters they say nothing."""

Scalar = bool | int | float | str


@dataclass(frozen=True)
class ShortHyperparameters:
    """What a run was set to.

    Attributes:
        values: Values by short name: those chosen first, then those that always matter.
        chosen: The names in which the jobs of the run's sweep differ, with all their values as far
            as they are known; of a run that is no job, the names that were typed.
    """

    values: dict[str, Scalar]
    chosen: dict[str, list[Scalar]] = field(default_factory=dict)


def short_hyperparameters(
    cfg: DictConfig,
    choices: Mapping[str, str],
    overrides: Sequence[str],
    swept: Mapping[str, Sequence[str]] | None = None,
) -> ShortHyperparameters:
    """The options chosen, the numbers that always matter, and whatever the user set.

    A name is the last part of its key, as `lr`, or the whole key where two would be the same. Keys
    that are off are left out: a value of another type would make TensorBoard show all as texts.

    Args:
        cfg: The frozen config.
        choices: The option taken of each group.
        overrides: The command line's or the sweep's.
        swept: The keys in which the jobs of the run's sweep differ, with their values as typed.
    """
    typed = [text.lstrip("+~").partition("=")[0] for text in overrides if "=" in text]
    typed = [key for key in typed if key not in PLACES and not key.startswith("hydra")]
    first = [key for key in swept or typed if key not in PLACES]
    options = [key for key in (*GROUPS, *typed) if key in choices and cfg.get(key) is not None]
    keys = list(dict.fromkeys([*first, *options, *ALWAYS, *typed]))
    names, plain = short_names(keys), recordable(cfg)
    values: dict[str, Scalar] = {}
    for key in keys:
        value = choices[key] if key in options else _at(plain, key)
        if isinstance(value, list) and key in first:
            value = str(value)
        if isinstance(value, bool | int | float | str):
            values[names[key]] = value
    chosen = {
        names[key]: [number_or_text(text) for text in (swept or {}).get(key, ()) if text != "null"]
        for key in first
    }
    return ShortHyperparameters(values, chosen)


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last part of each key; the whole key where two would be the same."""
    last = {key: key.rpartition(".")[2] for key in keys}
    uses = Counter(last.values())
    return {key: name if uses[name] == 1 else key for key, name in last.items()}


def number_or_text(text: str) -> Scalar:
    """What a typed value is."""
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text)
    except ValueError:
        return text


def _at(plain: Any, key: str) -> Any:
    for part in key.split("."):
        plain = plain.get(part) if isinstance(plain, dict) else None
    return plain
