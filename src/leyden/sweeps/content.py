"""What `sweep.json` has to be, whoever wrote it. See `SweepRecord` for what the keys mean."""

from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict, cast

from leyden.runs.content import Error, Mark
from leyden.runs.json_file import mismatch, read_json

NAME = "sweep.json"


class Entry(TypedDict):
    """A job."""

    overrides: list[str]
    folder: NotRequired[str | None]
    digest: NotRequired[str | None]
    state: NotRequired[str]
    objective: NotRequired[list[float]]
    failure: NotRequired[str | None]
    error: NotRequired[Error | None]
    attempts: NotRequired[int]
    seconds: NotRequired[float | None]
    trial: NotRequired[int | None]


class Compared(TypedDict):
    """What jobs are compared by."""

    metric: str
    mode: Literal["min", "max"]
    reduce: NotRequired[str | int]


class Searched(TypedDict):
    """Settings of a search."""

    n_trials: NotRequired[int]


class SweepContent(TypedDict):
    """The whole."""

    name: str
    experiment: str | None
    command: list[str]
    overrides: list[str]
    axes: list[str]
    repeated: list[str]
    objectives: list[Compared]
    launcher: str
    jobs: list[Entry]
    search: NotRequired[Searched | None]
    schema: NotRequired[int]
    status: NotRequired[str]
    started: NotRequired[str | None]
    ended: NotRequired[str | None]
    process: NotRequired[Mark | None]


def read_content(path: Path) -> dict[str, Any]:
    """The content of a `sweep.json`.

    Raises:
        OSError: It can't be read, or is a link or no regular file.
        ValueError: It is no sweep's record, or a job of it lies elsewhere.
    """
    content = read_json(path)
    said = mismatch(content, SweepContent)
    if said is not None:
        raise ValueError(said)
    if not content["objectives"]:
        raise ValueError("has no `objectives`")
    for place, job in enumerate(content["jobs"]):
        if not _lies_in_the_sweep(job.get("folder")):
            raise ValueError(f"`jobs[{place}].folder` is {job['folder']!r}, no folder in the sweep")
    return cast(dict[str, Any], content)


def _lies_in_the_sweep(folder: str | None) -> bool:
    """Whether a job's folder is a name: jobs lie directly in their sweep."""
    is_name = folder is None or not set("/\\\0") & set(folder)
    return is_name and folder not in ("", ".", "..")
