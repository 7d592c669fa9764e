"""Reads the axes that a config's `sweep`, or the command line, declares."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from leyden.compat.hydra import ConfigLoader
from leyden.config.sweep_space import Assignment, Axes, Axis, Condition
from leyden.errors import ConfigError, Problem, suggestion


def read_axes(sweep: Mapping[str, Any], base: DictConfig, loader: ConfigLoader) -> Axes:
    """The axes that a config's `sweep` declares.

    Args:
        sweep: `grid`, `zip`, `when`, `list`, `exclude` and `repeat`; each may be missing.
        base: Holds the values that repeated keys count up from.
        loader: Knows the options that `glob(*)` stands for.

    Raises:
        ConfigError: All that is wrong with them.
    """
    reader = _Reader(loader)
    grid = [reader.axis(key, value, "sweep.grid") for key, value in sweep["grid"].items()]
    if sweep["zip"]:
        grid.append(reader.zipped(sweep["zip"]))
    for text, inner in sweep["when"].items():
        condition = reader.condition(text, values_of(grid))
        for key, value in (inner or {}).items():
            axis = reader.axis(key, value, f"sweep.when.{text}")
            grid.append(replace(axis, condition=condition))
    listed = [reader.job(job, f"sweep.list[{i}]") for i, job in enumerate(sweep["list"])]
    excluded = [reader.job(job, f"sweep.exclude[{i}]") for i, job in enumerate(sweep["exclude"])]
    repeated = [reader.repeated(key, value, base) for key, value in sweep["repeat"].items()]
    for job in excluded:
        for key, text in job.values.items():
            reader.check_swept(job.origins[key], key, [text], values_of(grid))
    if reader.problems:
        raise ConfigError(reader.problems)
    return Axes(tuple(grid), tuple(listed), tuple(job.values for job in excluded), tuple(repeated))


def values_of(axes: Iterable[Axis]) -> dict[str, set[str]]:
    """The values that each key takes; none for a range."""
    found: dict[str, set[str]] = {}
    for axis in axes:
        for place, key in enumerate(axis.keys):
            found.setdefault(key, set()).update(step[place] for step in axis.values)
    return found


def axis_of(override: Override, origin: str) -> Axis:
    """The axis that an override such as `optimizer=sgd,adamw` is."""
    key = override.get_key_element().lstrip("+")
    value = override.value()
    if isinstance(value, IntervalSweep):
        if (value.start or 0) >= (value.end or 0):
            message = "must begin below its end"
            raise ConfigError([Problem(key, message, _values_of(override), origin)])
        return Axis((key,), (), origin, interval=value)
    if not override.is_sweep_override():
        return Axis((key,), ((override.get_value_element_as_str(),),), origin)
    try:
        texts = [tidy(text) for text in override.sweep_string_iterator()]
    except ValueError as error:  # such as a range with a step of 0
        raise ConfigError([Problem(key, str(error), _values_of(override), origin)]) from error
    if not texts:
        message = "gives no values; a range begins below its end"
        raise ConfigError([Problem(key, message, _values_of(override), origin)])
    return Axis((key,), tuple((text,) for text in texts), origin)


def _values_of(override: Override) -> str:
    return (override.input_line or "").partition("=")[2]


FOLD = "data.split.fold"
"""What `sweep.repeat.fold=5` repeats: 1/5, 2/5, ..."""


class _Reader:
    """Reads the parts of `sweep`, and gathers what is wrong."""

    def __init__(self, loader: ConfigLoader) -> None:
        self.parser = OverridesParser.create(config_loader=loader)
        self.problems: list[Problem] = []

    def axis(self, key: str, value: Any, where: str) -> Axis:
        if isinstance(value, list):
            return Axis((key,), tuple((text_of(item),) for item in value), where)
        text = text_of(value)
        try:
            (override,) = self.parser.parse_overrides([f"{key}={text}"])
            return axis_of(override, where)
        except HydraException:
            self.problems.append(Problem(f"{where}.{key}", "can't be read as values", text))
            return Axis((key,), (), where)

    def zipped(self, columns: Mapping[str, Any]) -> Axis:
        axes = [self.axis(key, value, "sweep.zip") for key, value in columns.items()]
        lengths = {axis.keys[0]: len(axis.values) for axis in axes}
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            message = f"needs as many values of each key: {counts}"
            self.problems.append(Problem("sweep.zip", message))
        rows = zip(*([text for (text,) in axis.values] for axis in axes), strict=False)
        return Axis(tuple(lengths), tuple(rows), "sweep.zip")

    def condition(self, text: str, swept: dict[str, set[str]]) -> Condition | None:
        key, equals, values = text.partition("=")
        where = f"sweep.when.{text}"
        if not equals:
            self.problems.append(Problem(where, "must be of the form key=value"))
            return None
        texts = tuple(text for (text,) in self.axis(key, values, where).values)
        self.check_swept(where, key, texts, swept)
        return Condition(key, texts)

    def check_swept(
        self, where: str, key: str, texts: Iterable[str], swept: dict[str, set[str]]
    ) -> None:
        """Values that no job has would be a condition that never holds."""
        if key not in swept:
            hint = f"{key} is not swept; {suggestion(key, swept)}"
            self.problems.append(Problem(where, hint))
            return
        for text in texts:
            if swept[key] and text not in swept[key]:
                hint = f"no job has {key}={text}; {suggestion(text, swept[key])}"
                self.problems.append(Problem(where, hint))

    def job(self, job: Mapping[str, Any], where: str) -> Assignment:
        values = {key: text_of(value) for key, value in job.items()}
        return Assignment(values, dict.fromkeys(values, where))

    def repeated(self, key: str, value: Any, base: DictConfig) -> Axis:
        if key in ("fold", FOLD) and isinstance(value, int) and not isinstance(value, bool):
            if value < 2:
                hint = "must be a number of folds from 2 on"
                self.problems.append(Problem(f"sweep.repeat.{key}", hint, str(value)))
            folds = tuple((f"{number}/{value}",) for number in range(1, value + 1))
            return Axis((FOLD,), folds, "sweep.repeat")
        if not isinstance(value, int) or isinstance(value, bool):
            return self.axis(key, value, "sweep.repeat")
        first = OmegaConf.select(base, key)
        if value < 1 or not isinstance(first, int):
            hint = "must be a number of times from 1 on, of a key that is a whole number"
            self.problems.append(Problem(f"sweep.repeat.{key}", hint, str(value)))
            return Axis((key,), (), "sweep.repeat")
        return Axis((key,), tuple((str(first + i),) for i in range(value)), "sweep.repeat")


def text_of(value: Any) -> str:
    """A value from YAML as it would be typed."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return tidy(repr(value))
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    return str(value)


def tidy(text: str) -> str:
    """Numbers as people write them: 10000 for 10000.0, 1e6 for 1000000.0."""
    try:
        number = float(text)
    except ValueError:
        return {"True": "true", "False": "false"}.get(text, text)
    short = f"{number:g}".replace("e+0", "e").replace("e+", "e")
    return short if "." in text and float(short) == number else text
