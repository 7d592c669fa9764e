"""What is left of a sweep to do, and whether it may be resumed."""

import contextlib
from pathlib import Path

from leyden.config.compose import SweepSettings
from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.errors import ConfigError, Problem, gathered
from leyden.planning.resolve import ResolvedConfig
from leyden.run.changes import code_changes, config_changes, save_code
from leyden.run.folder import is_begun, read_frozen
from leyden.run.lock import may_be_alive
from leyden.run.record import NAME as RUN_RECORD
from leyden.run.record import Record
from leyden.sweeps.failure import LOST, lost
from leyden.sweeps.jobs import folder_of
from leyden.sweeps.objective import update_entry
from leyden.sweeps.record import FAILED, NAME, TO_GO_ON, JobEntry, SweepRecord

DAMAGED = "sweep.damaged.json"

BEGINNING = "the sweep began"


def require_sweep_folder(folder: Path) -> None:
    """Raises `ConfigError` if a folder holds something else than a sweep."""
    if folder.exists() and ((folder / RUN_RECORD).exists() or not is_begun(folder)):
        message = "is there already, and not a sweep's; choose another"
        raise ConfigError([Problem("run_dir", message, str(folder))])


def take_earlier_jobs(record: SweepRecord) -> list[str]:
    """Takes over the jobs of an earlier start, as their own records have them.

    Where `sweep.json` is gone or damaged, they are found by their folders.

    Args:
        record: Record of this start.

    Returns:
        What there is to say about it.
    """
    path, notes = record.folder / NAME, []
    is_whole = path.exists()
    try:
        record.jobs = SweepRecord.read(record.folder).jobs if is_whole else []
    except ConfigError as error:
        is_whole = False
        path.replace(path.with_name(DAMAGED))
        notes = [f"{error.problems[0]}; it is now {DAMAGED}"]
    num_found = add_jobs_in_folders(record)
    if num_found and not is_whole:
        notes.append(f"jobs that were found by their folders: {num_found}")
    for entry in record.jobs:
        refresh(entry, record)
    return notes


def add_jobs_in_folders(record: SweepRecord) -> int:
    """Notes the jobs whose folders the record does not know yet; how many there are."""
    known = {(entry.trial, *entry.overrides): entry for entry in record.jobs}
    found = 0
    for entry in jobs_in(record):
        mine = known.setdefault((entry.trial, *entry.overrides), entry)
        if mine is entry:
            record.jobs.append(entry)
        elif mine.folder is None:
            mine.folder, mine.digest = entry.folder, entry.digest
        else:
            continue
        found += 1
    return found


def jobs_in(record: SweepRecord) -> list[JobEntry]:
    """The jobs of a sweep by their folders alone, the last one to be started first."""
    runs = []
    for path in record.folder.glob(f"*/{RUN_RECORD}"):
        with contextlib.suppress(ConfigError):
            runs.append(Record.read(path.parent))
    found = []
    for run in sorted(runs, key=lambda run: (run.started or "", run.folder.name), reverse=True):
        overrides = [text for text in run.overrides if text.partition("=")[0] in record.axes]
        number = run.folder.name.partition("_")[0]
        trial = int(number) if record.search is not None and number.isdecimal() else None
        found.append(JobEntry(overrides, run.folder.name, run.config_digest, trial=trial))
    return found


def refresh(entry: JobEntry, record: SweepRecord) -> None:
    """Brings an entry up to date with the job's own record."""
    if entry.folder is None or not folder_of(record, entry).exists():
        is_open = entry.failure in (None, LOST)
        entry.folder, entry.state = None, "pending" if is_open else entry.state
        return
    try:
        run = Record.read(folder_of(record, entry))
    except ConfigError as error:
        entry.state, entry.failure, entry.error = "failed", LOST, lost(error)
        return
    if run.status == "running" and not survives(run):
        run.status = "crashed"
    update_entry(entry, run, record)


def survives(run: Record) -> bool:
    """Whether a job's process may be alive, now that this process has the sweep's lock."""
    return run.status == "running" and run.process is not None and may_be_alive(run.process)


def queue_if_due(entry: JobEntry, settings: SweepSettings) -> bool:
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


def handle_drift(
    record: SweepRecord, planned: list[tuple[JobEntry, ResolvedConfig]], settings: SweepSettings
) -> None:
    """Refuses a sweep whose config or code has changed, or begins what is unfinished anew.

    Args:
        record: Record of the sweep.
        planned: Jobs, and what they would be now.
        settings: Say whether to refuse.

    Raises:
        ConfigError: The changes.
    """
    changed = [
        (entry, resolved)
        for entry, resolved in planned
        if entry.folder is not None and entry.digest != config_digest(resolved.cfg)
    ]
    if settings.on_drift == "refuse":
        changes = [
            change.of_job(" ".join(entry.overrides))
            for entry, resolved in changed
            for change in config_changes(
                read_frozen(folder_of(record, entry)), resolved.cfg, since=BEGINNING
            )
        ]
        due = TO_GO_ON + (FAILED if settings.retry else ())
        is_unfinished = any(entry.state in due for entry, _ in planned)
        code = code_changes(record.folder, since=BEGINNING) if is_unfinished else []
        reject_drift([*gathered(changes, len(changed)), *code])
    for entry, _ in changed:
        if entry.state in (*TO_GO_ON, *FAILED):
            entry.folder, entry.state = None, "pending"
    save_code(record.folder)


MOST_SHOWN = 8


def reject_drift(changes: list[Problem]) -> None:
    """Raises `ConfigError` with the first of the changes, and what can be done."""
    if changes:
        more = len(changes) - MOST_SHOWN
        rest = [Problem("...", f"and {more} more changes")] if more > 0 else []
        advice = Problem(
            "sweep.on_drift",
            "type `sweep.on_drift=continue` to keep the finished jobs and run the others as things"
            " are now, or `name=...` to begin a sweep of its own",
            "refuse",
        )
        raise ConfigError([*changes[:MOST_SHOWN], *rest, advice])
