"""What `leyden compare` takes for a base: a run, an experiment, or overrides."""

import shlex
from pathlib import Path

from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.errors import ConfigError, Problem
from leyden.planning.resolve import resolve_job
from leyden.run.changes import config_changes
from leyden.run.folder import read_frozen
from leyden.run.record import NAME, Record

OF_BOTH = ("hydra/", "hydra.", "sweep.", "seed=", "name=", "run_dir=")
"""Beginnings of overrides that are no change: they are of base and variant alike."""


OF_THE_FOLDER = ("run_dir=", "name=")
"""Overrides of a run that say where it lies."""


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
    if text and (folder / NAME).is_file():
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
    if not text or not (folder / NAME).is_file():
        return
    now = resolve_job(job).cfg
    if Record.read(folder).config_digest != config_digest(now):
        changes = config_changes(read_frozen(folder), now, since="the run began")
        raise ConfigError(changes or [Problem("BASE", "is of another config now", text)])
