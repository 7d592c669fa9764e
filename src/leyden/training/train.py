"""A run from its config to its record. Read this first.

    compose -> check -> fit to the data -> claim a folder -> freeze -> build -> fit -> test

`compose` and `check` happen in `leyden.cli.main`, for all jobs of a sweep before its first. What follows
on the frozen config is in `leyden.training.execute`.
"""

import os
from contextlib import ExitStack
from pathlib import Path

from omegaconf import DictConfig

from leyden.cli import terminal
from leyden.config.job import Job
from leyden.distributed import torchrun
from leyden.distributed.job import JobProcesses
from leyden.distributed.resources import Place
from leyden.distributed.stop_signal import handled, interrupt
from leyden.files.disk_space import refuse_without_room
from leyden.planning.resolve import Fitted, fit_job
from leyden.runs.changes import keep_code
from leyden.runs.folder import (
    OUTPUTS,
    config_digest,
    default_name,
    freeze,
    new_folder,
)
from leyden.runs.foreign_links import refuse_foreign_links
from leyden.runs.lock import executing, held
from leyden.runs.record import NAME as RUN_RECORD
from leyden.runs.record import Record
from leyden.training.execute import execute
from leyden.training.recovery import prepare_second_try
from leyden.training.resume import go_on


def train(job: Job, *, command: list[str]) -> Record:
    """Runs a checked job to its end, whatever that is: the record says.

    In a folder that the user chose (`run_dir`) it goes on with what is there.

    Args:
        job: Composed and checked.
        command: What the user typed, for the record.

    Raises:
        ConfigError: The config does not fit its data, or is not that of the run that is gone on
            with; or another process runs it. Nothing was written.
    """
    fitted = fit_job(job)
    if torchrun.is_started_by_torchrun():
        torchrun.join(timeout=fitted.cfg.trainer.timeout)
    with ExitStack() as stack:
        folder = None
        if torchrun.is_first():
            place = Path(fitted.cfg.run_dir or OUTPUTS)
            key = "run_dir" if fitted.cfg.run_dir else "outputs"
            refuse_without_room(place, key=key, num_parameters=fitted.params.total)
            folder = folder_of(job, fitted.cfg)
            is_job = os.path.lexists(folder.parent / "sweep.json")
            refuse_foreign_links(folder.parent if is_job else folder, key="run_dir")
            stack.enter_context(held(folder, key="run_dir"))
            if is_job:
                stack.enter_context(held(folder.parent, key="run_dir"))
            record = begin(job, fitted, command=command, folder=folder)
        if torchrun.is_started_by_torchrun():
            record = joined(folder)
        if record.status != "completed":
            carry_out(record, devices=fitted.cfg.trainer.devices)
    torchrun.leave()
    return record


def folder_of(job: Job, cfg: DictConfig) -> Path:
    """The folder that the user chose, or a new one."""
    if cfg.run_dir is not None:
        return Path(cfg.run_dir)
    return new_folder(cfg.name or default_name(job.choices.get("experiment"), job.choices))


def begin(job: Job, fitted: Fitted, *, command: list[str], folder: Path) -> Record:
    """Prepares a new run, or one that is there to be gone on with."""
    if not (folder / RUN_RECORD).is_file():
        return prepare(job, fitted, command=command, folder=folder)
    with executing(folder):  # the processes of a command that was killed have ended now
        return go_on(Record.read(folder), job, fitted, command=command)


def joined(folder: Path | None) -> Record:
    """The record, in each of several processes; only the first one writes it."""
    record = Record.read(torchrun.from_first(None if folder is None else folder.absolute()))
    record.is_kept = torchrun.is_first()
    return record


def carry_out(record: Record, *, devices: int) -> None:
    """Executes a run, in one process or one for each device, and shows how it ended."""
    try:
        if devices > 1 and not torchrun.is_started_by_torchrun():
            execute_apart(record, devices=devices)
        else:
            execute(record)
    except BaseException:
        if record.is_kept:
            terminal.show_failure(record)
    else:
        if record.is_kept:
            terminal.show_end(record)


def execute_apart(record: Record, *, devices: int, place: Place | None = None) -> None:
    """Executes a run in a process for each of its devices.

    Args:
        record: Of a run that is prepared.
        devices: How many.
        place: Of the machine, for all of them together; None: all of it.

    Raises:
        RuntimeError: It did not complete; the record says why.
    """
    while True:
        job = JobProcesses(record.folder, world_size=devices, place=place, is_logged=False)
        with handled(interrupt):
            code = job.wait_stoppable()
        vars(record).update(vars(Record.read(record.folder)))
        if prepare_second_try(record, record.status) is None:
            break
    if record.status == "running":
        record.status, record.error = "failed", job.death(code)
        record.write()
    if record.status != "completed":
        raise RuntimeError(record.status)


def prepare(job: Job, fitted: Fitted, *, command: list[str], folder: Path) -> Record:
    """Puts the frozen config and a pending record into the run's folder."""
    cfg, fingerprint = fitted.cfg, fitted.data.fingerprint()
    folder.mkdir(parents=True, exist_ok=True)
    freeze(cfg, job.overrides, folder)
    keep_code(folder)
    record = Record(
        folder=folder,
        experiment=job.choices.get("experiment"),
        overrides=list(job.overrides),
        choices=job.choices,
        config_digest=config_digest(cfg),
        seed=cfg.seed,
        command=command,
        params=fitted.params.as_dict(),
        flops={"per_step": fitted.flops_per_step, "total": None},
        data=fingerprint,
        data_report=fitted.data.report.as_plain(),
    )
    record.write()
    return record
