"""A sweep from its plan to its report."""

from pathlib import Path

from leyden.config.compose import ComposedRequest, SweepSpec
from leyden.config.instantiate import make
from leyden.config.job import Job
from leyden.config.request import without_password
from leyden.errors import ConfigError, Problem
from leyden.events import HasObserver, Note, Observer
from leyden.files.disk_space import require_space
from leyden.formatting import shown_path
from leyden.planning.resolve import ResolvedConfig, resolve_job, resolve_jobs
from leyden.run.folder import outputs_folder
from leyden.run.foreign_links import reject_foreign_links
from leyden.run.index import RunIndex
from leyden.run.lock import folder_lock, process_mark
from leyden.run.record import now
from leyden.sweeps.controller import Controller
from leyden.sweeps.distinct import distinct_jobs
from leyden.sweeps.events import DataRead, JobsEnded, SweepStarted
from leyden.sweeps.folder import sweep_folder
from leyden.sweeps.jobs import (
    JobFolders,
    Jobs,
    ListedJobs,
    SearchedJobs,
    assignment_of,
    unfinished_trials,
)
from leyden.sweeps.launchers import JobSpec, Launcher, LauncherUnavailable
from leyden.sweeps.outcome import outcomes
from leyden.sweeps.record import DONE, JobEntry, Objective, SweepRecord
from leyden.sweeps.resume import (
    handle_drift,
    match,
    queue_if_due,
    refresh,
    require_sweep_folder,
    take_earlier_jobs,
)
from leyden.sweeps.reuse import Reuse
from leyden.sweeps.search import OptunaSearch
from leyden.sweeps.study import OptunaStudy
from leyden.sweeps.time_budget import TimedJobs, budget_seconds
from leyden.training.run_work import RunWork


def run_sweep(composed: ComposedRequest, *, command: list[str], observer: Observer) -> SweepRecord:
    """Runs what is missing of a sweep.

    Args:
        composed: Validated jobs.
        command: What the user typed, for the records.
        observer: Is told of the events of the sweep and of its jobs.

    Raises:
        ConfigError: Jobs that do not fit their data; another process runs the sweep; or config or
            code have changed since it began. Nothing was started.
    """
    sweep = composed.sweep
    assert sweep is not None
    seconds = budget_seconds(sweep.settings)
    composed, resolved, notes = distinct_jobs(composed, resolve_jobs(composed))
    for note in notes:
        observer(Note(note))
    choices = [job.choices["data"] for job in composed.jobs]
    observer(DataRead(list(zip(choices, (one.data for one in resolved), strict=True))))
    first = composed.jobs[0]
    folder = sweep_folder(sweep, cfg=first.cfg, experiment=first.choices.get("experiment"))
    launcher: Launcher = make(sweep.launcher)
    search: OptunaSearch | None = None if sweep.searcher is None else make(sweep.searcher)
    reject_foreign_links(folder, key="sweep")
    require_sweep_folder(folder)
    largest = max(one.params.total for one in resolved)
    require_space(folder, key="sweep", num_parameters=largest)
    with folder_lock(folder, key="sweep"):
        record = new_record(folder, sweep, first, search, command)
        for note in take_earlier_jobs(record):
            observer(Note(note))
        index = RunIndex.read(outputs_folder()) if sweep.settings.reuse else RunIndex()
        folders = JobFolders(record, sweep, command, observer, Reuse(index, observer))
        jobs: Jobs
        if search is None:
            jobs, adopted = listed_jobs(folders, composed, resolved)
        else:
            trials = OptunaStudy(
                search,
                folder=folder,
                axes=sweep.axes,
                objectives=record.objectives,
                earlier=outcomes(record.jobs, sweep.axes.num_repeats),
            )
            for note in trials.notes:
                observer(Note(note))
            jobs, adopted = searched_jobs(folders, trials)
        was_interrupted = False
        if seconds is not None:
            jobs = TimedJobs(jobs, folders, seconds=seconds)
        if jobs.left() or adopted or seconds is not None:
            was_interrupted = run_jobs(folders, jobs, adopted, launcher, resolved)
        else:
            observer(Note("nothing to do"))
        jobs.close()
        was_interrupted |= seconds is not None and record.num_left > 0
        finish(record, observer, was_interrupted=was_interrupted)
        if sweep.settings.report:
            report(record, observer)
    return record


def new_record(
    folder: Path, sweep: SweepSpec, first: Job, search: OptunaSearch | None, command: list[str]
) -> SweepRecord:
    """The record of this start of a sweep, without its jobs."""
    monitor = first.cfg.monitor
    objectives = [Objective(monitor.metric, monitor.mode, monitor.reduce)]
    if search is not None and search.objectives is not None:
        objectives = [
            Objective(metric, mode, monitor.reduce) for metric, mode in search.objectives.items()
        ]
    described = None if search is None else search.described()
    if described is not None and sweep.axes.num_repeats > 1:
        described["repeats"] = sweep.axes.num_repeats
    return SweepRecord(
        folder=folder,
        name=folder.name,
        experiment=first.choices.get("experiment"),
        command=command,
        overrides=[without_password(text) for text in sweep.request.overrides],
        axes=list(sweep.axes.keys),
        repeated=list(sweep.axes.repeated_keys),
        objectives=objectives,
        launcher=str(sweep.launcher._target_).rpartition(".")[2].lower(),
        search=described,
        started=now(),
        process=process_mark(),
    )


def listed_jobs(
    folders: JobFolders, composed: ComposedRequest, resolved: list[ResolvedConfig]
) -> tuple[ListedJobs, list[JobEntry]]:
    """What a grid has left to do, and its jobs that an earlier start left running.

    Raises:
        ConfigError: Config or code have changed since the sweep began.
    """
    record, settings = folders.record, folders.sweep.settings
    entries = match(record, composed.jobs)
    handle_drift(record, list(zip(entries, resolved, strict=True)), settings)
    waiting = [entry for entry in entries if queue_if_due(entry, settings)]
    pairs = zip(composed.jobs, resolved, strict=True)
    made_from = {tuple(entry.overrides): pair for entry, pair in zip(entries, pairs, strict=True)}
    running = [entry for entry in entries if entry.state == "running"]
    return ListedJobs(folders, waiting, made_from), running


def searched_jobs(folders: JobFolders, trials: OptunaStudy) -> tuple[SearchedJobs, list[JobEntry]]:
    """What a search has left to do, and its trials that an earlier start left running."""
    record, settings = folders.record, folders.sweep.settings
    begun = [entry for entry in record.jobs if entry.folder is not None][:1]
    now_composed = [folders.sweep.job(assignment_of(entry)) for entry in begun]
    handle_drift(
        record,
        [(e, resolve_job(j)) for e, j in zip(begun, now_composed, strict=True)],
        settings,
    )
    unfinished, running = unfinished_trials(record, trials, folders.sweep.axes), []
    jobs = SearchedJobs(folders, unfinished, trials)
    for entry in unfinished:
        refresh(entry, record)
        if entry.state == "running":
            running.append(entry)
        elif queue_if_due(entry, settings):
            jobs.again(entry)
        else:
            jobs.ended(entry)  # it ended, but its end had not been told yet
    return jobs, running


def run_jobs(
    folders: JobFolders,
    jobs: Jobs,
    adopted: list[JobEntry],
    launcher: Launcher,
    resolved: list[ResolvedConfig],
) -> bool:
    """Runs the jobs; whether the user stopped them.

    Raises:
        ConfigError: The launcher can't run here.
    """
    record, observer = folders.record, folders.observer
    if isinstance(launcher, HasObserver):
        launcher.observer = observer
    try:
        launcher.prepare(record.folder, largest_job(record.folder, resolved))
    except ValueError as error:
        raise ConfigError([Problem("hydra/launcher", str(error), record.launcher)]) from error
    if launcher.finds_jobs:  # by itself: it knows more of them than their records
        for entry in adopted:
            jobs.again(entry)
        adopted = []
    record.write()
    done = sum(entry.state in DONE for entry in record.jobs)
    observer(SweepStarted(record, done=done, slots=launcher.slots))
    controller = Controller(
        record,
        jobs=jobs,
        adopted=adopted,
        launcher=launcher,
        settings=folders.sweep.settings,
        observer=observer,
    )
    try:
        controller.run()
    except LauncherUnavailable as error:
        finish(record, observer, was_interrupted=True)
        raise ConfigError([Problem("hydra/launcher", str(error), record.launcher)]) from error
    finally:
        observer(JobsEnded())
        launcher.close()
    return controller.was_interrupted


def largest_job(folder: Path, resolved: list[ResolvedConfig]) -> JobSpec:
    """A task with as many devices as any job."""
    return JobSpec(
        RunWork(folder),
        devices=max(int(one.cfg.trainer.devices) for one in resolved),
        wants_gpu=any(one.cfg.trainer.accelerator != "cpu" for one in resolved),
    )


def finish(record: SweepRecord, observer: Observer, *, was_interrupted: bool) -> None:
    """Notes how the sweep ended."""
    is_done = all(entry.state in DONE for entry in record.jobs)
    record.status = "interrupted" if was_interrupted else "completed" if is_done else "failed"
    record.ended, record.process = now(), None
    try:
        record.write()
    except OSError as error:
        where = shown_path(record.folder)
        note = (
            f"{where}/sweep.json can't be written: {error}; the jobs' own records are whole, and"
            " the same command goes on from them"
        )
        observer(Note(note))
        record.status = "interrupted" if was_interrupted else "failed"


def report(record: SweepRecord, observer: Observer) -> None:
    """Writes the report; should that fail, the sweep is none the worse."""
    from leyden.sweeps.report import write_report

    try:
        path = write_report(record.folder)
    except KeyboardInterrupt:  # its jobs have ended, each in its own way
        again = f"leyden report {shown_path(record.folder)}"
        observer(Note(f"interrupted; the report may be incomplete: {again} writes it again"))
    except Exception as error:
        observer(Note(f"no report: {type(error).__name__}: {error}"))
    else:
        observer(Note(f"report  {shown_path(path)}"))
