"""Conditions on runs, as `model=mlp val/loss<0.1`, and the values that these speak of."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leyden.errors import ConfigError, Problem, suggestion

Value = str | float | None

CONDITION = re.compile(r"(?P<key>[^\s=<>!~]+)\s*(?P<sign>!=|<=|>=|=|<|>|~)\s*(?P<value>.*)")
SIGNS = ("=", "!=", "<", "<=", ">", ">=", "~")


@dataclass(frozen=True)
class Condition:
    """A condition on one value of a run.

    Attributes:
        key: Key of the config, a metric, or a fact such as `status`.
        sign: One of `SIGNS`; `~` asks whether the text contains the value.
        value: Value as it was typed.
    """

    key: str
    sign: str
    value: str

    def holds(self, facts: Mapping[str, Value]) -> bool:
        """Whether a run has such a value; of a value that is not known only `!=` holds."""
        found = facts.get(self.key)
        if found is None:
            return self.sign == "!="
        if self.sign == "~":
            return self.value in str(found)
        wanted, number = as_number(self.value), as_number(found)
        if wanted is None or number is None:
            return (str(found) == self.value) == (self.sign == "=")
        return {
            "=": number == wanted,
            "!=": number != wanted,
            "<": number < wanted,
            "<=": number <= wanted,
            ">": number > wanted,
            ">=": number >= wanted,
        }[self.sign]


def parse_conditions(texts: Iterable[str], *, flag: str = "--where") -> list[Condition]:
    """Conditions, several of which may stand in a text, divided by spaces.

    Raises:
        ConfigError: One is not of the form key, sign, value; or it compares a text by size.
    """
    found, problems = [], []
    for word in (word for text in texts for word in text.split()):
        match = CONDITION.fullmatch(word)
        if match is None:
            message = f"is no condition: a key, one of {' '.join(SIGNS)}, and a value"
            problems.append(Problem(flag, message, word))
            continue
        condition = Condition(match["key"], match["sign"], match["value"])
        if condition.sign[0] in "<>" and as_number(condition.value) is None:
            problems.append(Problem(flag, "compares sizes, and needs a number", word))
        found.append(condition)
    if problems:
        raise ConfigError(problems)
    return found


def facts_of(record: Mapping[str, Any]) -> dict[str, Value]:
    """What is known of a run, by the keys that conditions and columns name.

    Options of groups, overrides by key, metrics by name, and facts of the record: `status`,
    `folder`, `experiment`, `seed`, `params`, `flops`, `steps`, `seconds`, `best`,
    `best_metric`, `tags`.

    Args:
        record: Content of `run.json`, with its `folder`.
    """
    facts = settings_of(record)
    for name, value in (record.get("metrics") or {}).items():
        facts[str(name)] = _plain(value)
    for name in ("status", "folder", "experiment", "seed", "steps", "seconds", "throughput"):
        facts[name] = _plain(record.get(name))
    facts["params"] = _plain((record.get("params") or {}).get("total"))
    facts["flops"] = _plain((record.get("flops") or {}).get("total"))
    facts["best"] = _plain((record.get("best") or {}).get("value"))
    facts["best_metric"] = _plain((record.get("best") or {}).get("metric"))
    facts["tags"] = " ".join(record.get("tags") or ())
    facts["started"] = _plain(record.get("started"))
    return facts


def settings_of(record: Mapping[str, Any]) -> dict[str, Value]:
    """What was chosen for a run: the option of each group, and the value of each key."""
    settings: dict[str, Value] = {}
    for group, option in (record.get("choices") or {}).items():
        settings[str(group)] = str(option)
    for override in record.get("overrides") or ():
        key, equals, value = str(override).lstrip("+~").partition("=")
        if equals and key not in settings:
            settings[key] = _plain(value)
    return settings


def _plain(value: Any) -> Value:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return float(value)


def as_number(value: Value) -> float | None:
    """The number that a value is, or is written as."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def require_known(keys: Iterable[str], runs: Sequence[Mapping[str, Value]], *, flag: str) -> None:
    """Raises `ConfigError` for keys that no run has."""
    known = sorted({key for facts in runs for key in facts})
    problems = [
        Problem(flag, f"no run has such a key; {suggestion(key, known)}", key)
        for key in keys
        if runs and key not in known
    ]
    if problems:
        raise ConfigError(problems)


def sort_key(facts: Mapping[str, Value], key: str) -> tuple[int, float, str]:
    """Numbers before texts, what is not known last."""
    value = facts.get(key)
    number = as_number(value)
    if number is not None:
        return (0, number, "")
    return (2, 0.0, "") if value is None else (1, 0.0, str(value))
