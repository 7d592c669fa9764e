"""A run from its composed config to its record: resolve, claim a folder, freeze, execute.

Composition and validation come before (`leyden.api`), for all jobs of a sweep before its first.
What follows on the frozen config is in `training.execute`.
"""

import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

from omegaconf import DictConfig

from leyden.config.given import given_in
from leyden.config.identity import config_digest
from leyden.config.job import Job
from leyden.config.plain import plain
from leyden.data import DataModule
from leyden.data.capabilities import fingerprint_of, report_of
from leyden.distributed import torchrun
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import Resources
from leyden.distributed.stop_signal import handling, interrupt
from leyden.errors import ConfigError
from leyden.events import Observer
from leyden.files.disk_space import require_space
from leyden.planning.resolve import ResolvedConfig, resolve_job
from leyden.run.changes import save_code
from leyden.run.folder import default_name, freeze, new_folder, outputs_folder
from leyden.run.foreign_links import reject_foreign_links
from leyden.run.lock import execution_lock, folder_lock
from leyden.run.preparation import write_preparation
from leyden.run.record import NAME as RUN_RECORD
from leyden.run.record import Record
from leyden.training.events import RunEnded
from leyden.training.execute import execute
from leyden.training.recovery import prepare_attempt
from leyden.training.resume import prepare_resume
from leyden.training.run_work import RunWork


def train(job: Job, *, command: list[str], observer: Observer) -> Record:
    """Runs a validated job; the record says how it ended.

    In a folder that the user chose (`run_dir`) it continues what is there.

    Args:
        job: Composed and validated job.
        command: What the user typed, for the record.
        observer: Is told of the events of the run.

    Raises:
        ConfigError: The config does not fit its data, or is not that of the run that is resumed;
            or another process runs it; or its first validation lacks the monitored metric. Nothing
            was written.
    """
    resolved = resolve_job(job)
    cfg = resolved.cfg
    if torchrun.is_started_by_torchrun():
        torchrun.join(timeout=cfg.trainer.timeout)
    with ExitStack() as stack:
        folder = None
        if torchrun.is_first():
            folder = claim_folder(job, resolved, stack)
            record = prepare_or_resume(
                job, resolved, command=command, folder=folder, observer=observer
            )
        if torchrun.is_started_by_torchrun():
            record = shared_record(folder)
        if record.status != "completed":
            try:
                if int(cfg.trainer.devices) > 1 and not torchrun.is_started_by_torchrun():
                    execute_in_processes(record, devices=cfg.trainer.devices, observer=observer)
                else:
                    # One of the user's is read anew: it may draw random numbers, and a resumed
                    # run must draw the same.
                    is_leydens = isinstance(resolved.data, DataModule)
                    data = resolved.data if is_leydens else None
                    execute(record, observer=observer, data=data)
            except BaseException as error:  # the record says how it ended, whatever that was
                if isinstance(error, ConfigError) and is_new(record):
                    if record.is_writer:
                        discard(record.folder)
                    raise
            if record.is_writer:
                observer(RunEnded(record))
    torchrun.leave()
    return record


def is_new(record: Record) -> bool:
    """Whether a run has not done a step."""
    return not record.steps and not record.resumed


def discard(folder: Path) -> None:
    """Empties the folder of a run that was refused before its first step."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def remove_if_empty(folder: Path) -> None:
    """Removes the folder of a run that was refused."""
    with suppress(OSError):  # it is not empty, or not there
        folder.rmdir()


def claim_folder(job: Job, resolved: ResolvedConfig, stack: ExitStack) -> Path:
    """The folder of the run, locked until the stack is closed.

    Raises:
        ConfigError: Another process works in it, or the disk is full.
    """
    cfg = resolved.cfg
    key = "run_dir" if cfg.run_dir else "outputs"
    place = Path(cfg.run_dir or outputs_folder())
    require_space(place, key=key, num_parameters=resolved.params.total)
    folder = run_folder(job, cfg)
    stack.callback(remove_if_empty, folder)
    is_job = os.path.lexists(folder.parent / "sweep.json")
    reject_foreign_links(folder.parent if is_job else folder, key="run_dir")
    stack.enter_context(folder_lock(folder, key="run_dir"))
    if is_job:
        stack.enter_context(folder_lock(folder.parent, key="run_dir"))
    return folder


def run_folder(job: Job, cfg: DictConfig) -> Path:
    """The folder that the user chose, or a new one."""
    if cfg.run_dir is not None:
        return Path(cfg.run_dir)
    return new_folder(cfg.name or default_name(job.choices.get("experiment"), job.choices))


def prepare_or_resume(
    job: Job, resolved: ResolvedConfig, *, command: list[str], folder: Path, observer: Observer
) -> Record:
    """Prepares a new run, or one that is there to be resumed."""
    if not (folder / RUN_RECORD).is_file():
        return prepare(job, resolved, command=command, folder=folder)
    with execution_lock(folder):  # the processes of a command that was killed have ended now
        return prepare_resume(
            Record.read(folder), job, resolved, command=command, observer=observer
        )


def shared_record(folder: Path | None) -> Record:
    """The record, in each of several processes; only the first one writes it."""
    record = Record.read(torchrun.from_first(None if folder is None else folder.absolute()))
    record.is_writer = torchrun.is_first()
    return record


def execute_in_processes(
    record: Record, *, devices: int, observer: Observer, resources: Resources | None = None
) -> None:
    """Executes a run in a process for each of its devices.

    Args:
        record: Record of a run that is prepared.
        devices: Number of the processes.
        observer: Is told of the events of the run.
        resources: Share of the machine for all of them together; None: all of it.

    Raises:
        RuntimeError: The run did not complete; the record says why.
    """
    work = RunWork(record.folder, observer)
    while True:
        job = JobProcesses(work, world_size=devices, resources=resources, is_logged=False)
        with handling(interrupt):
            code = job.wait_stoppable()
        record.reread()
        if prepare_attempt(record, record.status) is None:
            break
    if record.status == "running":
        record.status, record.error = "failed", job.exit_reason(code)
        record.write()
    if record.status != "completed":
        raise RuntimeError(record.status)


def prepare(job: Job, resolved: ResolvedConfig, *, command: list[str], folder: Path) -> Record:
    """Puts the frozen config and a pending record into the folder of the run."""
    cfg, fingerprint = resolved.cfg, fingerprint_of(resolved.data)
    folder.mkdir(parents=True, exist_ok=True)
    freeze(cfg, job.overrides, folder)
    save_code(folder)
    record = Record(
        folder=folder,
        experiment=job.choices.get("experiment"),
        overrides=list(job.overrides),
        choices={key: one for key, one in job.choices.items() if cfg.get(key, one) is not None},
        config_digest=config_digest(cfg),
        seed=cfg.seed,
        command=command,
        params=resolved.params.as_dict(),
        flops={"per_step": resolved.flops_per_step, "total": None},
        data=fingerprint,
        initial_weights=resolved.weights,
        data_report=report_of(resolved.data).as_plain(),
        given=given_in(plain(cfg)),
    )
    record.write()
    # After the record: by it the folder is known for a run's, also if the process dies here.
    write_preparation(folder, resolved.data)
    return record
