"""Hydra's overrides: parsed, checked, and applied to configs, frozen ones too."""

import shlex
from collections.abc import Container, Iterable
from difflib import get_close_matches

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf

from leyden.compat.hydra import ConfigLoader
from leyden.config.quoting import is_surely_text, quoted, typed_form, why_not_read
from leyden.errors import ConfigError, Problem, suggestion

COMMAND_LINE = "command line"


def parse_overrides(texts: Iterable[str], loader: ConfigLoader | None = None) -> list[Override]:
    """Takes texts like `key=value` apart.

    A value that Hydra's grammar can't read, and that can be nothing but a text, is one.

    Args:
        texts: Overrides as they were typed.
        loader: Knows the options that `glob(*)` stands for.

    Raises:
        ConfigError: Some can't be read.
    """
    parser, parsed, problems = OverridesParser.create(config_loader=loader), [], []
    for text in texts:
        try:
            parsed += parser.parse_overrides([text])  # the singular one forgets the loader
        except HydraException as error:
            try:
                parsed += parser.parse_overrides([_as_text(text)])
            except (HydraException, ValueError):
                problems.append(Problem(text, _unread(text, error), origin=COMMAND_LINE))
    if problems:
        raise ConfigError(problems)
    return parsed


def _as_text(text: str) -> str:
    """An override with its value in quotes.

    Raises:
        ValueError: The value may be something else than a text.
    """
    key, _, value = text.partition("=")
    if not is_surely_text(key, value):
        raise ValueError(text)
    return f"{key}={quoted(value.rstrip())}"


def _unread(text: str, error: HydraException) -> str:
    """Why an override can't be read: Hydra's own words, where it is of the right form."""
    key, equals, value = text.partition("=")
    if not equals or key != key.strip() or value != value.lstrip(" ="):
        return "is not of the form key=value, without spaces around the ="
    if why := why_not_read(key, value):
        return why
    reason = str(error).partition("\nSee https:")[0].replace(f"Error parsing override '{text}'", "")
    form = typed_form(key, value)
    return f"can't be read: {' '.join(reason.split())}; if it is a text, type {form}"


def require_known_options(
    overrides: Iterable[Override], loader: ConfigLoader, *, may_be_empty: Container[str] | None = ()
) -> None:
    """Raises `ConfigError` for all options that no file has.

    Args:
        overrides: Overrides as they were typed.
        loader: Knows the options.
        may_be_empty: Groups of which none need be taken; None: all of them.
    """
    problems = []
    for override in overrides:
        group = override.key_or_group
        if override.is_delete() or not loader.repository.group_exists(group):
            continue
        if not override.is_sweep_override() and override.value() is None:
            if may_be_empty is None or group in may_be_empty:
                continue
            known = loader.repository.get_group_options(group)
            hint = f"one option has to be taken: {', '.join(known)}"
            problems.append(Problem(group, hint, "null", COMMAND_LINE))
        problems += unknown_options(group, _options(override), COMMAND_LINE, loader)
    if problems:
        raise ConfigError(problems)


def unknown_options(
    group: str, options: Iterable[str], origin: str, loader: ConfigLoader
) -> list[Problem]:
    """A problem for each of the options of a group that no file has."""
    known = loader.repository.get_group_options(group)
    return [
        Problem(
            group,
            f"no such option; {suggestion(option, known, prefix=f'{group}=')}",
            option,
            origin,
        )
        for option in options
        if not loader.repository.config_exists(f"{group}/{option}")
    ]


def _options(override: Override) -> list[str]:
    if override.is_sweep_override():
        if not override.is_discrete_sweep():
            return []
        return [str(value) for value in override.sweep_iterator()]
    value = override.value()
    values = value if isinstance(value, list) else [value]
    return [str(value) for value in values if value is not None]


def reject_sweeps(overrides: list[Override], base: DictConfig) -> None:
    """Raises `ConfigError` for several values of a key where one run was asked for.

    Args:
        overrides: Overrides as they were typed.
        base: Config composed without them.
    """
    problems = []
    for override in overrides:
        if override.is_sweep_override():
            text = override.input_line or override.key_or_group
            problems.append(Problem(text, _several(override, base), origin=COMMAND_LINE))
    if problems:
        raise ConfigError(problems)


def _several(override: Override, base: DictConfig) -> str:
    """What to type instead of several values; what the key holds tells what was meant."""
    key, values = override.key_or_group, (override.input_line or "").partition("=")[2]
    as_list, as_text = shlex.quote(f"{key}=[{values}]"), typed_form(key, values)
    now = OmegaConf.select(base, key, throw_on_resolution_failure=False)
    if isinstance(now, ListConfig):
        return f"is one list in brackets: {as_list}; for a sweep over values add `-m`"
    if isinstance(now, str):
        return f"several values are a sweep; add `-m`; a text with commas: {as_text}"
    if now is None:
        one = f"{as_list} or {as_text}"
        return f"several values are a sweep; add `-m`; one list or one text: {one}"
    return "several values are a sweep; add `-m`"


def with_forced_prefix(override: Override, loader: ConfigLoader) -> str:
    """The override in the form that adds a key which no file has."""
    line = override.input_line
    assert line is not None
    is_group = loader.repository.group_exists(override.key_or_group)
    if is_group or override.is_delete():
        return line
    return "++" + line.lstrip("+")


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
