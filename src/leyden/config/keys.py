"""Whether the keys of a mapping are known, and their values what they must be."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from leyden.config.hints import misfit
from leyden.config.signature import Parameter
from leyden.errors import LIKE, Problem, suggestion

SURELY = 0.9
"""Likeness of a key and one of its own mapping, from which on it is surely that which was meant."""

SYNONYMS = {"learning_rate": "lr", "gpus": "devices", "batchsize": "batch_size"}
"""What others call a key that has a shorter name here."""


def check_keys(
    path: str,
    given: dict[Any, Any],
    parameters: dict[str, Parameter],
    *,
    others: Mapping[str, str] | None = None,
) -> Iterator[Problem]:
    """All problems of a mapping.

    Args:
        path: Path of the mapping in the config; empty for the root.
        given: Plain.
        parameters: Keys that it may hold, and those that it must.
        others: Names in the rest of the config, for one that was put into the wrong place, and
            their full keys.
    """
    prefix = f"{path}." if path else ""
    for key, value in given.items():
        if key not in parameters:
            hint = _hint(str(key), parameters, prefix, others or {})
            yield Problem(f"{prefix}{key}", f"no such key; {hint}", _shown(value))
            continue
        wrong = misfit(value, parameters[key].hint)
        if wrong:
            yield Problem(f"{prefix}{key}", wrong, _shown(value))
    for name, parameter in parameters.items():
        if parameter.required and name not in given:
            yield Problem(f"{prefix}{name}", f"must be given in {path or 'the root'}")


def _hint(
    key: str, parameters: dict[str, Parameter], prefix: str, others: Mapping[str, str]
) -> str:
    """What may have been meant by a key: a similar one here, or one of that name elsewhere."""
    if key == "experiment":
        return "its file needs `# @package _global_` as its first line"
    if key in others and not get_close_matches(key, parameters, n=1, cutoff=SURELY):
        return f"did you mean `{others[key]}`?"
    if not get_close_matches(key, parameters, n=1, cutoff=LIKE):
        near = get_close_matches(SYNONYMS.get(key, key), others, n=1, cutoff=LIKE)
        if near:
            return f"did you mean `{others[near[0]]}`?"
    return suggestion(key, parameters, prefix=prefix)


def names_in(given: dict[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every name of a config that holds a value, with its full key."""
    for key, value in given.items():
        if isinstance(value, dict):
            yield from names_in(value, f"{prefix}{key}.")
        elif not str(key).startswith("_"):
            yield str(key), f"{prefix}{key}"


def _shown(value: Any) -> str | None:
    if isinstance(value, dict | list):
        return None
    return "null" if value is None else str(value)
