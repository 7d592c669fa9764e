"""Whether the keys of a mapping are known, and their values what they must be."""

from collections.abc import Iterator
from typing import Any

from leyden.config.hints import misfit
from leyden.config.problem import Problem, suggestion
from leyden.config.signature import Parameter


def check_keys(
    path: str, given: dict[Any, Any], parameters: dict[str, Parameter]
) -> Iterator[Problem]:
    """All problems of a mapping.

    Args:
        path: Of the mapping in the config; empty for the root.
        given: Plain.
        parameters: What it may hold, and has to.
    """
    prefix = f"{path}." if path else ""
    for key, value in given.items():
        if key not in parameters:
            hint = _hint(str(key), given, parameters, prefix)
            yield Problem(f"{prefix}{key}", f"no such key; {hint}", _shown(value))
            continue
        wrong = misfit(value, parameters[key].hint)
        if wrong:
            yield Problem(f"{prefix}{key}", wrong, _shown(value))
    for name, parameter in parameters.items():
        if parameter.required and name not in given:
            yield Problem(f"{prefix}{name}", f"must be given in {path or 'the root'}")


def _hint(key: str, given: dict[Any, Any], parameters: dict[str, Parameter], prefix: str) -> str:
    """What may have been meant by a key: one of that name in a group, or one of a similar name."""
    if key == "experiment":
        return "its file needs `# @package _global_` as its first line"
    for group, node in given.items():
        if isinstance(node, dict) and key in node:
            return f"did you mean `{prefix}{group}.{key}`?"
    return suggestion(key, parameters, prefix=prefix)


def _shown(value: Any) -> str | None:
    if isinstance(value, dict | list):
        return None
    return "null" if value is None else str(value)
