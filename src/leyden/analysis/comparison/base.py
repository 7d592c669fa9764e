"""What `leyden compare` takes for a base: a run, an experiment, or overrides."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from leyden.config.compose import SweepSpec, compose_comparison
from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.config.request import Request
from leyden.config.validate import check_job
from leyden.errors import ConfigError, Problem
from leyden.planning.resolve import resolve_job
from leyden.planning.rules import RULES
from leyden.run.changes import config_changes
from leyden.run.folder import read_frozen
from leyden.run.record import NAME, Record

OF_BOTH = ("hydra/", "hydra.", "sweep.", "seed=", "name=", "run_dir=")
"""Beginnings of overrides that are no change: they are of base and variant alike."""


OF_THE_FOLDER = ("run_dir=", "name=")
"""Overrides of a run that say where it lies."""


@dataclass(frozen=True)
class ComposedPair:
    """A base and its variant.

    Attributes:
        jobs: Base and variant, validated.
        sweep: What they share.
        change: What the variant changes, as typed.
        run: Folder of the run that is the base; None: it is no run.
    """

    jobs: tuple[Job, Job]
    sweep: SweepSpec
    change: str
    run: Path | None = None


def compose_pair(
    base: str,
    words: Sequence[str],
    *,
    config_dir: Path | None = None,
    config_name: str | None = None,
) -> ComposedPair:
    """Composes and validates a base and its variant.

    Args:
        base: Folder of a run, name of an experiment, or overrides in one text.
        words: Overrides of the variant, and those of both.
        config_dir: A folder of the user's own configs.
        config_name: Name of the primary config; None: the project's, or Leyden's.

    Raises:
        ConfigError: All problems of both.
    """
    of_both = [word for word in words if is_of_both(word)]
    change = tuple(word for word in words if not is_of_both(word))
    if of_both and not change:
        message = f"{' '.join(of_both)} is of base and variant alike; type a KEY=VALUE that differs"
        raise ConfigError([Problem("CHANGE", message)])
    request = Request((*words_of_base(base), *of_both), False, config_dir, config_name)
    try:
        first, second, sweep = compose_comparison(request, change)
    except ConfigError as error:
        raise ConfigError([_with_folder(base, problem) for problem in error.problems]) from error
    problems = [problem for job in (first, second) for problem in check_job(job, RULES)]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    if not of_both:
        require_same_base(base, first)
    run = Path(base) if is_run(base) else None
    return ComposedPair((first, second), sweep, " ".join(change), run)


def is_run(base: str) -> bool:
    """Whether a base is the folder of a run."""
    return bool(base) and (Path(base) / NAME).is_file()


def _with_folder(base: str, problem: Problem) -> Problem:
    """A problem of an experiment that does not exist: a folder may have been meant."""
    if problem.key != "experiment" or "=" in base:
        return problem
    message = f"is no folder of a run, and no experiment: {problem.message}"
    return replace(problem, key="BASE", value=base, message=message, origin=None)


def is_of_both(word: str) -> bool:
    """Whether an override is of base and variant alike."""
    return word.lstrip("+").startswith(OF_BOTH)


def words_of_base(text: str) -> list[str]:
    """The overrides of a base.

    Args:
        text: Folder of a run; name of an experiment; or overrides in one text, which may be empty.

    Raises:
        ConfigError: It is the folder of something else, or can't be taken apart.
    """
    folder = Path(text)
    if is_run(text):
        given = Record.read(folder).overrides
        return [word for word in given if not word.startswith(OF_THE_FOLDER)]
    if "/" in text and "=" not in text:
        raise ConfigError([Problem("BASE", f"is no folder of a run: it has no {NAME}", text)])
    if "=" not in text and text.strip():
        return [f"experiment={text.strip()}"]
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ConfigError([Problem("BASE", f"can't be read: {error}", text)]) from error


def require_same_base(text: str, job: Job) -> None:
    """Raises `ConfigError` if a run's overrides give another config now than the run had.

    Args:
        text: What the user typed as base.
        job: The base as it is composed now.
    """
    folder = Path(text)
    if not is_run(text):
        return
    now = resolve_job(job).cfg
    if Record.read(folder).config_digest != config_digest(now):
        changes = config_changes(read_frozen(folder), now, since="the run began")
        raise ConfigError(changes or [Problem("BASE", "is of another config now", text)])
