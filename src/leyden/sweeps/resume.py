"""What is left of a sweep to do, and whether it may be gone on with."""

from pathlib import Path

from leyden.config.fit import Fitted
from leyden.config.job import Job
from leyden.config.plan import Settings
from leyden.config.problem import ConfigError, Problem, gathered
from leyden.runs.changes import code_changes, config_changes, keep_code
from leyden.runs.folder import config_digest, is_begun, read_frozen
from leyden.runs.record import NAME as RUN_RECORD
from leyden.runs.record import Record
from leyden.sweeps.content import NAME
from leyden.sweeps.controller import is_running, take_over
from leyden.sweeps.drift import refuse_drift
from leyden.sweeps.jobs import folder_of
from leyden.sweeps.record import FAILED, TO_GO_ON, JobEntry, SweepRecord

BEGINNING = "the sweep began"


def refuse_other_content(folder: Path) -> None:
    """Raises `ConfigError` if a folder holds something else than a sweep."""
    if folder.exists() and ((folder / RUN_RECORD).exists() or not is_begun(folder)):
        message = "is there already, and not a sweep's; choose another"
        raise ConfigError([Problem("run_dir", message, str(folder))])


def earlier_jobs(folder: Path) -> list[JobEntry]:
    """The jobs of an earlier start, as their own records have them."""
    if not (folder / NAME).exists():
        return []
    record = SweepRecord.read(folder)
    for entry in record.jobs:
        refresh(entry, record)
    return record.jobs


def refresh(entry: JobEntry, record: SweepRecord) -> None:
    """Brings an entry up to date with the job's own record."""
    if entry.folder is None or not (folder_of(record, entry) / RUN_RECORD).exists():
        entry.folder, entry.state = None, "pending" if entry.failure is None else entry.state
        return
    run = Record.read(folder_of(record, entry))
    if run.status == "running" and not is_running(run):
        run.status = "crashed"
    take_over(entry, run, record)


def is_due(entry: JobEntry, settings: Settings) -> bool:
    """Whether a job is to be started; and makes it ready to be counted anew."""
    if entry.state in TO_GO_ON:
        entry.attempts = 0
    elif entry.state in FAILED and settings.retry > 0:
        entry.attempts = 1
    else:
        return False
    entry.state = "pending"
    return True


def match(record: SweepRecord, jobs: tuple[Job, ...]) -> list[JobEntry]:
    """The entries of the planned jobs, in their order; those that ran before stay in the record."""
    before = {tuple(entry.overrides): entry for entry in record.jobs}
    keys = [tuple(job.assignment.overrides()) for job in jobs]
    entries = [before.pop(key) if key in before else JobEntry(list(key)) for key in keys]
    record.jobs = entries + [entry for entry in before.values() if entry.folder is not None]
    return entries


def meet_drift(
    record: SweepRecord, planned: list[tuple[JobEntry, Fitted]], settings: Settings
) -> None:
    """Refuses a sweep whose config or code has changed, or begins what is unfinished anew.

    Args:
        record: The sweep's.
        planned: Jobs, and what they would be now.
        settings: Say whether to refuse.

    Raises:
        ConfigError: The changes.
    """
    changed = [
        (entry, fitted)
        for entry, fitted in planned
        if entry.folder is not None and entry.digest != config_digest(fitted.cfg)
    ]
    if settings.on_drift == "refuse":
        changes = [
            change.of_job(" ".join(entry.overrides))
            for entry, fitted in changed
            for change in config_changes(
                read_frozen(folder_of(record, entry)), fitted.cfg, since=BEGINNING
            )
        ]
        due = TO_GO_ON + (FAILED if settings.retry else ())
        is_unfinished = any(entry.state in due for entry, _ in planned)
        code = code_changes(record.folder, since=BEGINNING) if is_unfinished else []
        refuse_drift([*gathered(changes, len(changed)), *code])
    for entry, _ in changed:
        if entry.state in (*TO_GO_ON, *FAILED):
            entry.folder, entry.state = None, "pending"
    keep_code(record.folder)
