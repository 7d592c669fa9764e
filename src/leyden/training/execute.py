"""Execution: a run from its frozen config to its record, by build -> fit -> test.

It reads only the run's folder, so that any process can execute it.
"""

import gc
import logging
import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import torch
from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningDataModule, Trainer
from pytorch_lightning.utilities.exceptions import SIGTERMException

from leyden.callbacks import (
    BufferBroadcast,
    CheckpointStateFilter,
    FinalValidation,
    Hyperparameters,
    ModuleReport,
    MonitorName,
    NonFinite,
    PlateauMetric,
    PrivacySpent,
    Recorder,
    RequireSameConfig,
    ResumeCheckpoint,
    ResumeState,
    ScheduleFreeMode,
    StepFlops,
    StepLoss,
    Utilisation,
)
from leyden.callbacks.freezing import Freezing
from leyden.callbacks.restoring import restore
from leyden.compat.lightning import count_last_batch
from leyden.config.identity import config_digest
from leyden.config.module_run import has_leyden_data, is_module_run
from leyden.config.signature import parameters_of
from leyden.distributed.forkserver import use_temporary_folder
from leyden.distributed.stop_signal import StopSignal, handling
from leyden.errors import Diverged, Interrupted
from leyden.events import HasObserver, Note, Observer, ignore
from leyden.files.atomic import remove_parts
from leyden.files.regular import read_text
from leyden.loggers import Resumable, close_files
from leyden.planning.batch import accumulation_of, num_processes_of
from leyden.planning.finetuning import frozen_until
from leyden.planning.size import makes_layers_late
from leyden.run.checkpoints import (
    LAST,
    find_checkpoint,
    find_intact,
    load_weights,
    read_step,
)
from leyden.run.folder import CONFIG as FROZEN
from leyden.run.folder import read_frozen
from leyden.run.hyperparameters import short_hyperparameters
from leyden.run.lock import execution_lock
from leyden.run.log import run_log
from leyden.run.record import Record, status_after
from leyden.run.swept import swept_values
from leyden.tasks import Task
from leyden.tasks.step_count import steps_done
from leyden.testing.faults import fault_callbacks
from leyden.training.baselines import record_baselines
from leyden.training.build import RunObjects, build
from leyden.training.events import RunResumed, RunStarted, StoppedEarly
from leyden.training.initial_weights import InitialWeights, load_initial_weights
from leyden.training.membership import record_membership
from leyden.training.prediction_intervals import record_intervals
from leyden.training.recovery import prepare_attempt

log = logging.getLogger("leyden")

NEXT_TIME = "set resume.every_minutes or resume.every_steps for more of them"


def execute(
    record: Record,
    *,
    observer: Observer,
    data: LightningDataModule | None = None,
    callbacks: Callable[[], Sequence[Callback]] = tuple,
    on_build: Callable[[Trainer], None] | None = None,
) -> None:
    """Trains and tests from the frozen config in the record's folder.

    Args:
        record: Record of a run that has not begun, or that continues from its last checkpoint.
        observer: Is told of the events of the run, by the process that writes the record.
        data: The data set of the frozen config, where it has been read already.
        callbacks: Makes callbacks in addition to the config's; called for each attempt.
        on_build: Called with the trainer before training starts.
    """
    use_temporary_folder()
    emit = observer if record.is_writer else ignore
    stop = StopSignal()
    alone = execution_lock(record.folder) if record.is_writer else nullcontext()
    with handling(stop.handle), alone, record.reread().running(), run_log(record.folder):
        try:
            while True:
                try:
                    run_attempt(
                        record, stop, emit, data=data, callbacks=callbacks, on_build=on_build
                    )
                    return
                except (RuntimeError, MemoryError, Diverged) as error:
                    change = prepare_next_attempt(record, error)
                    if change is None:
                        raise
                emit(Note(change))
                gc.collect()
                torch.cuda.empty_cache()
        finally:
            stop.is_deferred = True  # only the record is left to be written


def prepare_next_attempt(record: Record, error: BaseException) -> str | None:
    """Prepares a further attempt after an error: what is changed, or None for no attempt.

    Several processes must change together: the process that started them restarts them.
    """
    if num_processes_of(read_frozen(record.folder)) > 1:
        return None
    return prepare_attempt(record, status_after(error))


def run_attempt(
    record: Record,
    stop: StopSignal,
    emit: Observer,
    *,
    data: LightningDataModule | None,
    callbacks: Callable[[], Sequence[Callback]],
    on_build: Callable[[Trainer], None] | None,
) -> None:
    """Builds the run from its frozen config, trains it, and tests its best checkpoint."""
    folder = record.folder
    cfg = read_frozen(folder)
    checkpoint = resumable_checkpoint(record, emit)
    first = [*required_callbacks(cfg, record, checkpoint), *callbacks()]
    utilisation = Utilisation(
        flops_per_step=record.flops["per_step"], peak_flops=cfg.trainer.peak_flops
    )
    resume = {key: cfg.resume[key] for key in parameters_of(ResumeCheckpoint)}
    checkpoints = ResumeCheckpoint(**resume)
    checkpoints.signal = stop
    experiment = build(cfg, folder, data=data, first=first, last=[utilisation, checkpoints])
    trainer = experiment.trainer
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, HasObserver):
            callback.observer = emit
    if on_build is not None:
        on_build(trainer)
    if checkpoint is None:
        if makes_layers_late(experiment.task):
            trainer.callbacks.insert(0, InitialWeights(cfg, record))  # type: ignore[attr-defined]
        else:
            load_initial_weights(experiment.weighted, cfg, record)
    emit(RunStarted(record, cfg, experiment, is_fresh=checkpoint is None))
    try:
        fit(experiment, record, checkpoint, emit)
        for stopping in trainer.early_stopping_callbacks:
            if stopping is not None and stopping.stopped_epoch > 0:
                emit(StoppedEarly(stopping.monitor, stopping.patience))
        test(experiment, record)
    finally:
        close_files(trainer.loggers)
    if record.is_writer and experiment.has_test:
        record_baselines(cfg, experiment.data, record, emit)
        record_intervals(cfg, experiment, record, emit)
        record_membership(experiment, record, emit)


def resumable_checkpoint(record: Record, emit: Observer) -> Path | None:
    """The checkpoint that the run continues from; None if it starts from scratch.

    Raises:
        CheckpointError: There are checkpoints, but none is intact: a fresh start must be asked for.
    """
    if record.is_writer:
        for folder in (record.folder, record.folder / "checkpoints"):
            remove_parts(folder)
    path, defects = find_intact(record.folder, LAST)
    for defect in defects:
        log.warning("%s", defect)
        emit(Note(f"{defect}; {path.name if path else 'none'} is taken"))
    unmarked = record.folder / "checkpoints" / "last.ckpt"  # of versions without markers
    if path is None and unmarked.exists():
        return unmarked
    if path is None and record.steps:
        emit(Note(f"no checkpoint to resume from; {NEXT_TIME}: the run starts from scratch"))
    return path


def required_callbacks(cfg: DictConfig, record: Record, checkpoint: Path | None) -> list[Callback]:
    """Callbacks that a run has in addition to those of its config."""
    monitor = cfg.monitor
    return [
        CheckpointStateFilter(),
        RequireSameConfig(f"{config_digest(cfg)} from {checkpoint and checkpoint.name}"),
        ResumeState(),
        ScheduleFreeMode(),
        BufferBroadcast(),
        *([Freezing(frozen)] if (frozen := frozen_until(cfg)) else []),
        NonFinite(record, policy=cfg.trainer.on_nonfinite, limit=cfg.trainer.max_nonfinite),
        *([StepFlops(record)] if is_module_run(cfg) else []),
        ModuleReport(record, monitor.metric),
        StepLoss(record),
        FinalValidation(),
        PlateauMetric(),
        *([private_steps(cfg, record)] if cfg.get("privacy") is not None else []),
        *([MonitorName(monitor.metric)] if is_module_run(cfg) and monitor.metric else []),
        Recorder(
            record,
            batch_size=cfg.data.batch_size if has_leyden_data(cfg) else None,
            accumulate=accumulation_of(cfg),
            monitor=monitor.metric,
            mode=monitor.mode,
        ),
        Hyperparameters(
            hyperparameters=short_hyperparameters(
                cfg, record.choices, record.overrides, swept_values(record.folder)
            ),
            config=read_text(record.folder / FROZEN),
            monitor=monitor.metric,
        ),
        *fault_callbacks(),
    ]


def private_steps(cfg: DictConfig, record: Record) -> PrivacySpent:
    """The callback that tells how much privacy a run has spent."""
    keys = {name: cfg.privacy[name] for name in parameters_of(PrivacySpent) if name in cfg.privacy}
    return PrivacySpent(record, batch_size=cfg.data.batch_size, **keys)


def fit(
    experiment: RunObjects, record: Record, checkpoint: Path | None, emit: Observer = ignore
) -> None:
    """Trains, from the start or from a checkpoint of the same run."""
    trainer = experiment.trainer
    if not torch.cuda.is_available():
        # torch's Adam asks for GPUs at each step. While this variable, which Lightning sets, is
        # there, it loads the driver's library each time: a tenth of a small network's step.
        os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
    step = 0 if checkpoint is None else read_step(checkpoint)
    record.discard_after(step)
    if checkpoint is not None:
        emit(RunResumed(step))
    for logger in trainer.loggers:
        if isinstance(logger, Resumable):  # a run may have died before its first checkpoint
            logger.resume_from(None if checkpoint is None else step)
    try:
        with warnings.catch_warnings():
            # Of ModelCheckpoint: the checkpoints in the folder are this run's own.
            warnings.filterwarnings("ignore", "Checkpoint directory .* exists")
            # Lightning counts micro-batches of an epoch; Leyden logs steps across epochs.
            warnings.filterwarnings("ignore", "The number of training batches .* is smaller than")
            # `ModuleReport` tells it.
            warnings.filterwarnings("ignore", "You passed in a `val_dataloader` but have no")
            # Validation has refused it for split parameters.
            warnings.filterwarnings("ignore", "You're using the WeightAveraging callback")
            # Of Opacus: gradients of the first layer's inputs are not asked for.
            warnings.filterwarnings("ignore", "Full backward hook is firing")
            # The start of a run says how exactly it resumes; batches are replayed.
            warnings.filterwarnings("ignore", "You're resuming from a checkpoint that ended before")
            trainer.fit(experiment.task, datamodule=experiment.data, ckpt_path=checkpoint)
    except SystemExit as error:
        # Lightning turns signals into exits; any other exit comes from the user's code.
        if isinstance(error, SIGTERMException) or isinstance(error.__context__, KeyboardInterrupt):
            raise Interrupted("stopped at once") from error
        raise
    finally:
        record.record_best_checkpoint()


def test(experiment: RunObjects, record: Record) -> None:
    """Tests the best checkpoint, or the last weights where none was kept."""
    if not experiment.has_test:
        return
    trainer, task = experiment.trainer, experiment.task
    checkpoint = find_checkpoint(record.folder)
    if checkpoint is not None and isinstance(task, Task):
        load_weights(task.net, checkpoint)
    elif checkpoint is not None:
        restore(trainer, task, checkpoint)
    count_last_batch(trainer, steps_done(trainer))
    trainer.test(experiment.task, datamodule=experiment.data, verbose=False)
