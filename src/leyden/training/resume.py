"""Resuming a run: by its folder alone, or by the command that began it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import LightningDataModule

from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.config.overrides import all_keys, override
from leyden.config.sweep_space import Assignment
from leyden.data.capabilities import fingerprint_of
from leyden.errors import ConfigError, Problem
from leyden.events import Note, Observer
from leyden.formatting import shown_path
from leyden.planning.resolve import ResolvedConfig
from leyden.run.changes import (
    changed_keys,
    code_changes,
    config_changes,
    data_differences,
    known_values,
)
from leyden.run.folder import freeze, read_frozen, require_run_folder
from leyden.run.lock import may_be_alive
from leyden.run.preparation import write_preparation
from leyden.run.provenance import versions
from leyden.run.record import Record, now

LENGTH = ("trainer.max_epochs", "trainer.max_steps", "trainer.max_tokens")
"""Keys that may always change: a run can be made longer."""

SINCE = "the run began"

IN_CHECKPOINTS = ("model", "optimizer", "scheduler")
"""Groups whose values a checkpoint brings along."""

DATA_KEYS = ("data.samples", "data.spec", "data.files", "data.content", "data.reader")
"""What a fingerprint of the data is of."""


def job_of(folder: Path, overrides: list[str]) -> Job:
    """A run's job, from its frozen config.

    Args:
        folder: Folder of the run.
        overrides: Keys of its config that are to be different now, as `key=value`.

    Raises:
        ConfigError: No such run, or an override of what it does not have.
    """
    require_run_folder(folder)
    cfg, record = read_frozen(folder), Record.read(folder)
    override(cfg, overrides)
    cfg.run_dir = str(folder)
    return Job(cfg, (*record.overrides, *overrides), record.choices, None, Assignment())


def prepare_resume(
    record: Record, job: Job, resolved: ResolvedConfig, *, command: list[str], observer: Observer
) -> Record:
    """Prepares a run to be resumed. One that is complete stays as it is.

    Args:
        record: Record of the run that is there.
        job: What is asked for now.
        resolved: Config of the job, resolved against its data.
        command: What the user typed.
        observer: Is told what has changed since the run began.

    Raises:
        ConfigError: That is not the run that was begun, or it still runs.
    """
    cfg, folder = resolved.cfg, record.folder
    require_not_running(record)
    require_not_shorter(record, resolved)
    changes = config_changes(read_frozen(folder), cfg, since=SINCE)
    require_allowed_changes([*changes, *data_changes(record, resolved.data)], cfg)
    is_longer = any(change.key in LENGTH for change in changes)
    if record.status == "completed" and not is_longer:
        observer(Note(f"{shown_path(folder)} is complete; nothing is left to do"))
        return record
    for note in notes(record):
        observer(Note(note))
    freeze(cfg, job.overrides, folder)
    write_preparation(folder, resolved.data)
    record.config_digest, record.status = config_digest(cfg), "pending"
    said = [f"{change.key}={change.value}" for change in changes]
    record.resumed.append({"at": now(), "command": command, "changes": said})
    record.write()
    return record


def require_not_running(record: Record) -> None:
    """Raises `ConfigError` if the run's process is there still; a lock may not reach its host."""
    if record.status == "running" and record.process is not None and may_be_alive(record.process):
        pid, host = record.process["pid"], record.process["host"]
        message = (
            f"is being run by process {pid} on {host}; if that is gone, take `process` out of the"
            " folder's run.json"
        )
        raise ConfigError([Problem("run_dir", message, str(record.folder))])


def require_not_shorter(record: Record, resolved: ResolvedConfig) -> None:
    """Raises `ConfigError` if the run has gone further than it is asked to."""
    if resolved.steps is not None and (record.steps or 0) > resolved.steps:
        message = f"would be {resolved.steps} steps; the run has done {record.steps} already"
        raise ConfigError([Problem("trainer.max_steps", message)])


def require_allowed_changes(changes: list[Problem], cfg: DictConfig) -> None:
    """Raises `ConfigError` for changes that are not allowed."""
    allowed = (*LENGTH, *cfg.resume.allow_change)
    for key in cfg.resume.allow_change:
        if key.partition(".")[0] in IN_CHECKPOINTS:
            message = (
                "would have no effect: the checkpoint decides; init_from=RUN begins anew from it"
            )
            raise ConfigError([Problem("resume.allow_change", message, key)])
    if cfg.get("privacy") is not None:
        require_same_mechanism(cfg.resume.allow_change)
    unknown = [key for key in cfg.resume.allow_change if key not in {*all_keys(cfg), *DATA_KEYS}]
    if unknown:
        raise ConfigError([Problem("resume.allow_change", "names no key", unknown[0])])
    refused = [
        change
        for change in changes
        if not any(change.key == key or change.key.startswith(f"{key}.") for key in allowed)
    ]
    if refused:
        keys = ",".join(change.key for change in refused)
        advice = f"'resume.allow_change=[{keys}]' continues anyway; another run_dir starts anew"
        if any(change.key.partition(".")[0] in IN_CHECKPOINTS for change in refused):
            advice = "another run_dir begins anew, init_from=RUN from the weights of this one"
        raise ConfigError([*refused, Problem("resume.allow_change", advice)])


def require_same_mechanism(allowed: Sequence[str]) -> None:
    """Raises `ConfigError` for changes after which one epsilon could not tell of the whole run."""
    for key in allowed:
        if key.partition(".")[0] in ("privacy", "data"):
            message = "can't change in a private run: its epsilon is of all steps alike"
            raise ConfigError([Problem("resume.allow_change", message, key)])


def data_changes(record: Record, data: LightningDataModule) -> Iterator[Problem]:
    """What is different about the data."""
    if record.data is None:
        return
    today = fingerprint_of(data)
    if today is None:
        return
    for key in data_differences(record.data, today):
        before = known_values(record.data).get(key, "not there")
        now = known_values(today).get(key, "not there")
        yield Problem(f"data.{key}", f"was {before} when {SINCE}", now)


def notes(record: Record) -> Iterator[str]:
    """Differences that are allowed, but after which the weights may not be the same to the bit."""
    today = versions()
    names = [name for name in changed_keys(record.versions, today) if name in record.versions]
    if names:
        pairs = ", ".join(f"{name} {record.versions[name]} -> {today.get(name)}" for name in names)
        yield f"note: versions have changed since {SINCE}: {pairs}"
    files = code_changes(record.folder, since=SINCE)
    if files:
        first = ", ".join(change.key for change in files[:3])
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        yield f"note: code has changed since {SINCE}: {first}{more}"
