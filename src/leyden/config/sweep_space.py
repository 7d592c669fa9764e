"""What a sweep varies: its axes, and the assignments of values to keys that they give."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import prod

from hydra.core.override_parser.types import IntervalSweep


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
        origin: Place where it was declared.
        interval: Bounds of a range to search in; it has no `values`.
        condition: Where it counts; None: everywhere.
    """

    keys: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    origin: str
    interval: IntervalSweep | None = None
    condition: Condition | None = None

    def decided(self, fixed: Mapping[str, str]) -> "Axis | None":
        """The axis where a value of its condition is fixed; None if it does not count then."""
        if self.condition is None or self.condition.key not in fixed:
            return self
        holds = fixed[self.condition.key] in self.condition.values
        return replace(self, condition=None) if holds else None

    def without(self, keys: Collection[str]) -> "Axis | None":
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

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """Equal in assignments of the same values."""
        return tuple(sorted(self.values.items()))

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
        """Keys that a report folds away: those of `sweep.repeat`, and a seed that is swept."""
        keys = [key for axis in self.repeated for key in axis.keys]
        varied = {key for axis in self.grid for key in axis.keys}
        varied |= {key for job in self.listed for key in job.values}
        return tuple(dict.fromkeys([*keys, *(["seed"] if "seed" in varied else [])]))

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

    def override(self, fixed: Mapping[str, str], others: tuple[Axis, ...]) -> "Axes":
        """What the command line says, in the place of what the files say of the same keys.

        Args:
            fixed: Texts of keys that no longer vary; they also decide the conditions on them.
            others: Axes of the command line.
        """
        typed = fixed.keys() | {key for axis in others for key in axis.keys}

        def left(axes: tuple[Axis, ...]) -> tuple[Axis, ...]:
            decided = (axis.decided(fixed) for axis in axes)
            return tuple(kept for axis in decided if axis and (kept := axis.without(typed)))

        # An axis with a condition comes after those that it may depend on.
        grid = sorted(left(self.grid) + others, key=lambda axis: axis.condition is not None)

        listed = [
            replace(job, values={k: v for k, v in job.values.items() if k not in fixed})
            for job in self.listed
        ]
        return replace(
            self,
            grid=tuple(grid),
            listed=tuple(job for job in listed if job.values),
            repeated=left(self.repeated),
        )

    @property
    def num_repeats(self) -> int:
        """How often every job is done."""
        return prod(len(axis.values) for axis in self.repeated)

    def repeats(self, job: Assignment) -> list[Assignment]:
        """A job with each of the values that are repeated."""
        return list(product(self.repeated, job))

    def assignments(self) -> list[Assignment]:
        """Every job once: the grid's, then those listed."""
        return list({job.key: job for job in self._all()}.values())

    def doubled(self) -> list[Assignment]:
        """Those that are asked for more than once."""
        counts = Counter(job.key for job in self._all())
        return [job for job in self.assignments() if counts[job.key] > 1]

    def _all(self) -> list[Assignment]:
        jobs = list(product(self.grid, Assignment())) if self.grid else []
        jobs += self.listed
        jobs = [job for job in jobs if not self._excludes(job)] if jobs else [Assignment()]
        return [again for job in jobs for again in self.repeats(job)]

    def probes(self) -> list[Assignment]:
        """A job for each end of each range and each choice, the others at their first value."""
        found = [next(product(self._first_steps(), Assignment()))]
        for axis in map(_stepped, self.grid):
            for step in axis.values:
                chosen = replace(axis, values=(step,))
                found.append(next(product(self._first_steps(chosen), Assignment())))
        unique = {job.key: job for job in found}
        return [self.repeats(job)[0] for job in (*unique.values(), *self.listed)]

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
