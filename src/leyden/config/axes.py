"""What a sweep varies: its axes, and the assignments of values to keys that they give."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from leyden.config.problem import ConfigError, Problem


@dataclass(frozen=True)
class Condition:
    """An axis counts only where another one has a certain value: `optimizer=sgd,momentum`."""

    key: str
    values: tuple[str, ...]

    def holds(self, assignment: "Assignment") -> bool:
        return assignment.values.get(self.key) in self.values


@dataclass(frozen=True)
class Axis:
    """Values that keys take in turn.

    Attributes:
        keys: One; or several, whose values change in step.
        values: For each step a text for each key.
        origin: Where it was declared.
        interval: Bounds of a range to search in; it has no `values`.
        condition: Where it counts; None: everywhere.
    """

    keys: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    origin: str
    interval: IntervalSweep | None = None
    condition: Condition | None = None

    def without(self, keys: set[str]) -> "Axis | None":
        """The axis without some of its keys; None if nothing is left."""
        kept = [place for place, key in enumerate(self.keys) if key not in keys]
        if not kept:
            return None
        steps = tuple(dict.fromkeys(tuple(step[i] for i in kept) for step in self.values))
        return replace(self, keys=tuple(self.keys[i] for i in kept), values=steps)


@dataclass(frozen=True)
class Assignment:
    """What is particular to a job: texts by key, and where each was declared."""

    values: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)

    def with_step(self, axis: Axis, step: tuple[str, ...]) -> "Assignment":
        """This and a step of an axis."""
        values = {**self.values, **dict(zip(axis.keys, step, strict=True))}
        return Assignment(values, {**self.origins, **dict.fromkeys(axis.keys, axis.origin)})

    def overrides(self) -> list[str]:
        """As they would be typed."""
        return [f"{key}={value}" for key, value in self.values.items()]


@dataclass(frozen=True)
class Axes:
    """All that a sweep varies.

    Attributes:
        grid: Every combination of their values is a job.
        listed: Jobs besides the grid's.
        excluded: Jobs that have all of such values are left out.
        repeated: Every job is done for each of their values; a report folds them away.
    """

    grid: tuple[Axis, ...] = ()
    listed: tuple[Assignment, ...] = ()
    excluded: tuple[Mapping[str, str], ...] = ()
    repeated: tuple[Axis, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.grid or self.listed or self.repeated)

    @property
    def keys(self) -> tuple[str, ...]:
        """In which jobs differ, in the order in which they were declared."""
        named = [key for axis in self.grid for key in axis.keys]
        named += [key for job in self.listed for key in job.values]
        return tuple(dict.fromkeys(named + list(self.repeated_keys)))

    @property
    def repeated_keys(self) -> tuple[str, ...]:
        return tuple(key for axis in self.repeated for key in axis.keys)

    @property
    def ranges(self) -> tuple[Axis, ...]:
        """Those without steps, which only a search can take."""
        return tuple(axis for axis in self.grid if axis.interval is not None)

    def choices(self) -> Iterator[tuple[str, str, str]]:
        """Key, value and origin of everything that is not a range."""
        for axis in (*self.grid, *self.repeated):
            for step in axis.values:
                for key, value in zip(axis.keys, step, strict=True):
                    yield key, value, axis.origin
        for job in self.listed:
            for key, value in job.values.items():
                yield key, value, job.origins[key]

    def override(self, fixed: set[str], others: tuple[Axis, ...]) -> "Axes":
        """What the command line says, in the place of what the files say of the same keys."""
        typed = fixed | {key for axis in others for key in axis.keys}

        def left(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
            return tuple(kept for axis in axes if (kept := axis.without(typed)))

        listed = [
            replace(job, values={k: v for k, v in job.values.items() if k not in fixed})
            for job in self.listed
        ]
        return replace(
            self,
            grid=left(self.grid) + others,
            listed=tuple(job for job in listed if job.values),
            repeated=left(self.repeated),
        )

    def assignments(self) -> list[Assignment]:
        """Every job once: the grid's, then those listed."""
        jobs = list(product(self.grid, Assignment())) if self.grid else []
        jobs += self.listed
        jobs = [job for job in jobs if not self._excludes(job)] if jobs else [Assignment()]
        jobs = [again for job in jobs for again in product(self.repeated, job)]
        return list({tuple(sorted(job.values.items())): job for job in jobs}.values())

    def probes(self) -> list[Assignment]:
        """A job for each end of each range and each choice, the others at their first value."""
        found = [next(product(self._first_steps(), Assignment()))]
        for axis in map(_stepped, self.grid):
            for step in axis.values:
                chosen = replace(axis, values=(step,))
                found.append(next(product(self._first_steps(chosen), Assignment())))
        unique = {tuple(sorted(job.values.items())): job for job in found}
        return [*unique.values(), *self.listed]

    def _first_steps(self, chosen: Axis | None = None) -> tuple[Axis, ...]:
        """Every axis with one step, the first; but `chosen`, and what its condition asks for."""
        condition = chosen and chosen.condition
        steps = []
        for axis in map(_stepped, self.grid):
            if chosen and axis.keys == chosen.keys and axis.condition == chosen.condition:
                steps.append(chosen)
            elif condition and axis.keys == (condition.key,):
                steps.append(replace(axis, values=((condition.values[0],),)))
            else:
                steps.append(replace(axis, values=axis.values[:1]))
        return tuple(steps)

    def _excludes(self, job: Assignment) -> bool:
        return any(values.items() <= job.values.items() for values in self.excluded)


def _stepped(axis: Axis) -> Axis:
    """A range as its two ends."""
    if axis.interval is None:
        return axis
    # Not tidied: where whole numbers are asked for, the check has to see that these are not.
    ends = (axis.interval.start, axis.interval.end)
    return replace(axis, values=tuple((str(end),) for end in ends))


def product(axes: tuple[Axis, ...], job: Assignment) -> Iterator[Assignment]:
    """Every combination of the axes' values, added to `job`; the last axis varies fastest."""
    if not axes:
        yield job
        return
    first, *rest = axes
    counts = first.condition is None or first.condition.holds(job)
    steps = [job.with_step(first, step) for step in first.values] if counts else [job]
    for step in steps:
        yield from product(tuple(rest), step)


def read_axes(sweep: Mapping[str, Any], base: DictConfig, loader: ConfigLoaderImpl) -> Axes:
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
        condition = reader.condition(text, {key for axis in grid for key in axis.keys})
        for key, value in (inner or {}).items():
            axis = reader.axis(key, value, f"sweep.when.{text}")
            grid.append(replace(axis, condition=condition))
    listed = [reader.job(job, f"sweep.list[{i}]") for i, job in enumerate(sweep["list"])]
    excluded = [reader.job(job, f"sweep.exclude[{i}]") for i, job in enumerate(sweep["exclude"])]
    repeated = [reader.repeated(key, value, base) for key, value in sweep["repeat"].items()]
    swept = {key for axis in grid for key in axis.keys}
    for job in excluded:
        reader.problems += [
            Problem(job.origins[key], f"{key} is not swept; there is: {', '.join(sorted(swept))}")
            for key in job.values.keys() - swept
        ]
    if reader.problems:
        raise ConfigError(reader.problems)
    return Axes(tuple(grid), tuple(listed), tuple(job.values for job in excluded), tuple(repeated))


def axis_of(override: Override, origin: str) -> Axis:
    """The axis that an override such as `optimizer=sgd,adamw` is."""
    key = override.get_key_element().lstrip("+")
    value = override.value()
    if isinstance(value, IntervalSweep):
        return Axis((key,), (), origin, interval=value)
    if not override.is_sweep_override():
        return Axis((key,), ((override.get_value_element_as_str(),),), origin)
    texts = (_tidy(text) for text in override.sweep_string_iterator())
    return Axis((key,), tuple((text,) for text in texts), origin)


class _Reader:
    """Reads the parts of `sweep`, and gathers what is wrong."""

    def __init__(self, loader: ConfigLoaderImpl) -> None:
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

    def condition(self, text: str, known: set[str]) -> Condition | None:
        key, equals, values = text.partition("=")
        where = f"sweep.when.{text}"
        if not equals:
            self.problems.append(Problem(where, "must be of the form key=value"))
        elif key not in known:
            hint = f"{key} is not swept; there is: {', '.join(sorted(known))}"
            self.problems.append(Problem(where, hint))
        if not equals:
            return None
        axis = self.axis(key, values, where)
        return Condition(key, tuple(text for (text,) in axis.values))

    def job(self, job: Mapping[str, Any], where: str) -> Assignment:
        values = {key: text_of(value) for key, value in job.items()}
        return Assignment(values, dict.fromkeys(values, where))

    def repeated(self, key: str, value: Any, base: DictConfig) -> Axis:
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
        return _tidy(repr(value))
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    return str(value)


def _tidy(text: str) -> str:
    """Numbers as people write them: 10000 for 10000.0, 1e6 for 1000000.0."""
    try:
        number = float(text)
    except ValueError:
        return {"True": "true", "False": "false"}.get(text, text)
    short = f"{number:g}".replace("e+0", "e").replace("e+", "e")
    return short if "." in text and float(short) == number else text
