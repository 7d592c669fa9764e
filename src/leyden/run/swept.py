"""What differs between the jobs of a sweep, as one of its jobs finds it."""

from pathlib import Path
from typing import NotRequired, TypedDict

from leyden.files.json_file import mismatch, read_json

NAME = "sweep.json"


class Job(TypedDict):
    """A job: what is particular to it, as typed."""

    overrides: list[str]


class Sweep(TypedDict):
    """The part of a sweep's record that is read here."""

    axes: list[str]
    jobs: NotRequired[list[Job]]


def swept_values(folder: Path) -> dict[str, list[str]]:
    """The keys in which the jobs of a run's sweep differ, each with its values as typed.

    Args:
        folder: Folder of the run. A job's lies directly in its sweep's.

    Returns:
        The keys as declared; none for a run that is no job, or whose sweep's record can't be read.
        Of a search the values are those of the jobs that have begun.
    """
    try:
        content = read_json(folder.parent / NAME)
    except (OSError, ValueError):
        return {}
    if mismatch(content, Sweep) is not None:
        return {}
    found: dict[str, dict[str, None]] = {key: {} for key in content["axes"]}
    for job in content.get("jobs", ()):
        for override in job["overrides"]:
            key, equals, value = override.lstrip("+~").partition("=")
            if equals and key in found:
                found[key][value] = None
    return {key: list(values) for key, values in found.items()}
