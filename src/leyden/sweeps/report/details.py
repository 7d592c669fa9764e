"""What the best job's test has found: classes, confusions, calibration."""

import math
from dataclasses import dataclass
from typing import Any, NotRequired, TypedDict

from leyden.files.json_file import mismatch, read_json
from leyden.sweeps.report.jobs import JobResult
from leyden.sweeps.report.results import Configuration, Results

FILE = "test_details.json"


class ClassContent(TypedDict):
    """A class of the test part."""

    name: str
    support: NotRequired[int | float | None]
    precision: NotRequired[float | None]
    recall: NotRequired[float | None]
    f1: NotRequired[float | None]


class BinContent(TypedDict):
    """Samples of about the same confidence."""

    confidence: float | None
    accuracy: float | None
    count: NotRequired[int | float | None]


class DetailsContent(TypedDict, total=False):
    """The whole file."""

    samples: int
    classes: list[ClassContent]
    confusion: list[list[float]] | None
    calibration: list[BinContent] | None
    ece: float | None


@dataclass(frozen=True)
class Details:
    """What a test has found beyond its metrics.

    Attributes:
        content: Content of the file, checked.
        job: Job whose test it is.
    """

    content: dict[str, Any]
    job: JobResult

    @property
    def names(self) -> list[str]:
        """Names of the classes."""
        return [one["name"] for one in self.content.get("classes") or []]

    @property
    def confusion(self) -> list[list[float]]:
        """Samples by true class, then by the class that was predicted; empty where not known."""
        rows = self.content.get("confusion") or []
        is_square = all(len(row) == len(rows) for row in rows) and len(rows) == len(self.names)
        return [[value or 0.0 for value in row] for row in rows] if is_square else []

    @property
    def bins(self) -> list[tuple[float, float, float]]:
        """Confidence, accuracy and number of samples, of bins that have samples."""
        found = self.content.get("calibration") or []
        return [
            (one["confidence"], one["accuracy"], one.get("count") or 0.0)
            for one in found
            if one["confidence"] is not None and one["accuracy"] is not None
        ]


def best_job(results: Results, configuration: Configuration) -> JobResult:
    """The completed job of a configuration that has the best score."""
    sign = results.objective.sign
    return min(configuration.completed, key=lambda job: sign * (job.score or 0.0))


def read_details(results: Results) -> Details | None:
    """The details of the best configuration's best job; None where there are none."""
    if not results.scored:
        return None
    return details_of(results, best_job(results, results.scored[0]))


def details_of(results: Results, job: JobResult) -> Details | None:
    """The details of a job; None where there are none."""
    if job.entry.folder is None:
        return None
    try:
        content = read_json(results.record.folder / job.entry.folder / FILE)
    except (OSError, ValueError):  # a run of another task or an earlier version has none
        return None
    if mismatch(content, DetailsContent) is not None:
        return None
    return Details(content, job)


def calibration_words(details: Details) -> str:
    """What the expected calibration error says."""
    ece = details.content.get("ece")
    if ece is None or not math.isfinite(ece):
        return ""
    return (
        f"The expected calibration error is {ece:.3g}: the mean distance of confidence and "
        "accuracy over all samples."
    )
