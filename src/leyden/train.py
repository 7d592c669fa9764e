"""A run from its config to its record. Read this first.

    compose -> check -> fit to the data -> claim a folder -> freeze -> build -> fit -> test

`compose` and `check` happen in `leyden.cli`, for all jobs of a sweep before its first. From the
frozen config on, a run needs nothing but its own folder.
"""

import gc
import logging
import warnings
from contextlib import ExitStack
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import nn

from leyden import terminal
from leyden.callbacks import (
    FinalValidation,
    Hyperparameters,
    NonFinite,
    OptimizerMode,
    PlateauObserver,
    Pruning,
    Recorder,
    ResumeCheckpoint,
    ResumeState,
    SameConfig,
    StepLoss,
    Utilisation,
)
from leyden.callbacks.stop_signal import handled, interrupt
from leyden.config.batch import num_processes_of
from leyden.config.build import Experiment, build
from leyden.config.fit import Fitted, fit_to_data
from leyden.config.job import Job
from leyden.config.signature import parameters_of
from leyden.continuation import go_on
from leyden.export.hf_folder import CONFIG, WEIGHTS, is_hf, locate
from leyden.export.pretrained import gpt2_weights
from leyden.faults import saboteurs
from leyden.loggers import Resumable
from leyden.processes import JobProcesses, death, torchrun
from leyden.processes.place import Place
from leyden.room import refuse_without_room
from leyden.runs.changes import keep_code
from leyden.runs.checkpoint_file import sweep_up
from leyden.runs.checkpoints import (
    LAST,
    find_checkpoint,
    find_sound,
    load_weights,
    read_step,
    set_weights,
)
from leyden.runs.folder import (
    OUTPUTS,
    config_digest,
    default_name,
    freeze,
    new_folder,
    read_frozen,
)
from leyden.runs.hyperparameters import short_hyperparameters
from leyden.runs.lock import held
from leyden.runs.log import run_log
from leyden.runs.record import NAME as RUN_RECORD
from leyden.runs.record import Diverged, Interrupted, Record, status_after
from leyden.second_try import prepare_second_try
from leyden.sweeps.trial import Trial

log = logging.getLogger("leyden")


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
    fitted = fit_to_data(job.cfg)
    if torchrun.is_started_by_torchrun():
        torchrun.join(timeout=fitted.cfg.trainer.timeout)
    with ExitStack() as stack:
        folder = None
        if torchrun.is_first():
            place = Path(fitted.cfg.run_dir or OUTPUTS)
            key = "run_dir" if fitted.cfg.run_dir else "outputs"
            refuse_without_room(place, key=key, num_parameters=fitted.params.total)
            folder = folder_of(job, fitted.cfg)
            stack.enter_context(held(folder, key="run_dir"))
            if (folder.parent / "sweep.json").is_file():
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
        record.status, record.error = "failed", death(code)
        record.write()
    if record.status != "completed":
        raise RuntimeError(record.status)


def prepare(job: Job, fitted: Fitted, *, command: list[str], folder: Path) -> Record:
    """Puts the frozen config and a pending record into the run's folder."""
    cfg = fitted.cfg
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
        data=fitted.data.fingerprint(),
    )
    record.write()
    return record


def execute(record: Record, *, trial: Trial | None = None) -> None:
    """Trains and tests from the frozen config in the record's folder.

    Args:
        record: Of a run that has not begun, or of one that goes on from its last checkpoint.
        trial: Of a search; None where there is none.
    """
    with record.running(), run_log(record.folder), handled():
        while not has_ended(record, trial):
            gc.collect()
            torch.cuda.empty_cache()


def has_ended(record: Record, trial: Trial | None) -> bool:
    """Trains and tests; False where it may end otherwise if it is done once more.

    Several processes have to agree on that: whoever has started them starts them again.
    """
    try:
        fit_and_test(record, trial)
    except (RuntimeError, MemoryError, Diverged) as error:
        if num_processes_of(read_frozen(record.folder)) > 1:
            raise
        note = prepare_second_try(record, status_after(error))
        if note is None:
            raise
        terminal.show_note(note)
        return False
    return True


def fit_and_test(record: Record, trial: Trial | None) -> None:
    """Builds the run from its frozen config, trains it, and tests its best checkpoint."""
    folder = record.folder
    cfg = read_frozen(folder)
    checkpoint = resumable(record)
    callbacks = run_callbacks(cfg, record, checkpoint)
    if trial is not None:
        callbacks.append(Pruning(trial.should_stop, monitor=cfg.monitor.metric))
    utilisation = Utilisation(
        flops_per_step=record.flops["per_step"], peak_flops=cfg.trainer.peak_flops
    )
    resume = {key: cfg.resume[key] for key in parameters_of(ResumeCheckpoint)}
    last = [utilisation, ResumeCheckpoint(**resume)]
    experiment = build(cfg, folder, first=callbacks, last=last)
    if checkpoint is None and cfg.init_from is not None:
        start_from(experiment.task.net, cfg.init_from)
    if record.is_kept:
        terminal.show_start(record, cfg, experiment)
    fit(experiment, record, checkpoint)
    terminal.show_stop(experiment)
    test(experiment, record)


def resumable(record: Record) -> Path | None:
    """The checkpoint that the run goes on from; None where it has to begin.

    Raises:
        Unusable: There are some, but none is sound: the run does not begin anew by itself.
    """
    if record.is_kept:
        sweep_up(record.folder / "checkpoints")
    path, defects = find_sound(record.folder, LAST)
    for defect in defects:
        log.warning("%s", defect)
        if record.is_kept:
            terminal.show_note(f"{defect}; the one before it is taken")
    unmarked = record.folder / "checkpoints" / "last.ckpt"  # before there were markers
    return unmarked if path is None and unmarked.exists() else path


def run_callbacks(cfg: DictConfig, record: Record, checkpoint: Path | None) -> list[Callback]:
    """What every run has, whatever its config says."""
    monitor = cfg.monitor
    return [
        SameConfig(f"{config_digest(cfg)} from {checkpoint and checkpoint.name}"),
        ResumeState(),
        OptimizerMode(),
        NonFinite(record, policy=cfg.trainer.on_nonfinite, limit=cfg.trainer.max_nonfinite),
        StepLoss(record),
        FinalValidation(),
        PlateauObserver(),
        Recorder(record, batch_size=cfg.data.batch_size, monitor=monitor.metric, mode=monitor.mode),
        Hyperparameters(
            values=short_hyperparameters(cfg, record.choices, record.overrides),
            config=OmegaConf.to_yaml(cfg),
            monitor=monitor.metric,
        ),
        *saboteurs(),
    ]


def start_from(net: nn.Module, source: str) -> None:
    """Gives the network the weights of a run's best checkpoint, of a checkpoint, or of `hf:`."""
    if is_hf(source):
        set_weights(net, gpt2_weights(locate(source, (*CONFIG, *WEIGHTS))))
        return
    path = find_checkpoint(Path(source))
    assert path is not None
    load_weights(net, path)


def fit(experiment: Experiment, record: Record, checkpoint: Path | None) -> None:
    """Trains, from the start or from a checkpoint of the same run."""
    trainer = experiment.trainer
    step = 0 if checkpoint is None else read_step(checkpoint)
    record.train_from(step)
    if checkpoint is not None:
        terminal.show_resume(step)
    for logger in trainer.loggers:
        if isinstance(logger, Resumable):  # a run may have died before its first checkpoint
            logger.go_on_from(None if checkpoint is None else step)
    try:
        with warnings.catch_warnings():
            # A ModelCheckpoint's: those in the folder are the run's own.
            warnings.filterwarnings("ignore", "Checkpoint directory .* exists")
            # Where parameters are split, the check has refused it.
            warnings.filterwarnings("ignore", "You're using the WeightAveraging callback")
            trainer.fit(experiment.task, datamodule=experiment.data, ckpt_path=checkpoint)
    except SystemExit as error:
        # Lightning turns signals into exits; any other exit is the user's code's own.
        if isinstance(error, SIGTERMException) or isinstance(error.__context__, KeyboardInterrupt):
            raise Interrupted("stopped at once") from error
        raise


def test(experiment: Experiment, record: Record) -> None:
    """Tests the best checkpoint, or the last weights where none was kept."""
    if find_checkpoint(record.folder) is not None:
        start_from(experiment.task.net, str(record.folder))
    trainer = experiment.trainer
    # Loggers ask for it; of a run that was killed after its last step Lightning has not counted it.
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
    trainer.test(experiment.task, datamodule=experiment.data, verbose=False)
