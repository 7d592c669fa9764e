"""A case: ours and a reference, measured in turn."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SHAKESPEARE = Path("..") / "shared" / "data" / "tinyshakespeare.txt"


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    Attributes:
        quick: Few repetitions.
        text: Shakespeare's text; the cases that need it are left out where it is not.
    """

    quick: bool = False
    text: Path = SHAKESPEARE

    def repetitions(self, number: int) -> int:
        """So many, or two where it has to be quick."""
        return min(2, number) if self.quick else number


@dataclass(frozen=True)
class Target:
    """What is wanted of the ratio, or of our own figure."""

    value: float
    sense: Literal["at most", "at least"] = "at most"
    of: Literal["ratio", "ours"] = "ratio"


@dataclass(frozen=True)
class Pairs:
    """Figures of both sides, each measured right after the other."""

    ours: list[float]
    reference: list[float]

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.ours) / statistics.median(self.reference)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and largest ratio of a pair."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours, self.reference, strict=True)]
        return min(ratios), max(ratios)


@dataclass(frozen=True)
class Row:
    """What a case has measured.

    Attributes:
        pairs: The figures.
        unit: Of the figures.
        arithmetic: Share of our time that is forward, backward and optimizer; None: makes no sense.
        notes: What else a reader must know, a line each.
        is_equal: Whether both sides reached the same quality with what was allowed.
    """

    pairs: Pairs
    unit: str
    arithmetic: float | None = None
    notes: list[str] = field(default_factory=list)
    is_equal: bool = True


@dataclass(frozen=True)
class Skipped:
    """A case that can't be measured here, and what to do about it."""

    reason: str


@dataclass(frozen=True)
class Case:
    """A claim that can be measured.

    Attributes:
        name: As typed on the command line.
        measure: Measures both sides.
        target: What is wanted; None: it is only shown.
        profile: Says where our side's time goes; None: the notes do, or it is not about time.
    """

    name: str
    measure: Callable[[Options], Row | Skipped]
    target: Target | None
    profile: Callable[[Options], str] | None = None

    def is_met(self, row: Row) -> bool | None:
        """Whether the target is; None where there is none."""
        if self.target is None:
            return None
        figure = statistics.median(row.pairs.ours) if self.target.of == "ours" else row.pairs.ratio
        at_most = self.target.sense == "at most"
        is_there = figure <= self.target.value if at_most else figure >= self.target.value
        return is_there and row.is_equal


def alternate(
    ours: Callable[[], float],
    reference: Callable[[], float],
    *,
    repetitions: int,
    warms_up: bool = True,
) -> Pairs:
    """Measures both in turn, so that what else the machine does meets both; the first is dropped.

    Args:
        ours: Does our side once and gives its figure.
        reference: Likewise.
        repetitions: That count.
        warms_up: False where a side warms up by itself, or takes minutes.
    """
    pairs = Pairs([], [])
    for number in range(-warms_up, repetitions):
        figures = ours(), reference()
        if number >= 0:
            pairs.ours.append(figures[0])
            pairs.reference.append(figures[1])
    return pairs
