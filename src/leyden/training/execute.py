"""A run from its frozen config to its record: build -> fit -> test.

Nothing else is read than the run's own folder, by whichever process does this.
"""

import gc
import logging
import os
import warnings
from contextlib import nullcontext
from pathlib import Path

import torch
from omegaconf import DictConfig
from pytorch_lightning import Callback
from pytorch_lightning.utilities.exceptions import SIGTERMException
from torch import nn

from leyden.callbacks import (
    FinalValidation,
    Hyperparameters,
    KnownStates,
    NonFinite,
    OptimizerMode,
    PlateauObserver,
    Pruning,
    Recorder,
    ResumeCheckpoint,
    ResumeState,
    SameConfig,
    SharedBuffers,
    StepLoss,
    Utilisation,
)
from leyden.cli import terminal
from leyden.config.signature import parameters_of
from leyden.distributed.forkserver import use_temporary_folder
from leyden.distributed.stop_signal import StopSignal, handled
from leyden.files.atomic import remove_parts
from leyden.files.regular import read_text
from leyden.interop.gpt2 import gpt2_weights
from leyden.interop.hf_folder import CONFIG, WEIGHTS, is_hf, locate
from leyden.loggers import Resumable
from leyden.planning.batch import num_processes_of, split_of
from leyden.runs.checkpoints import (
    LAST,
    find_checkpoint,
    find_sound,
    load_weights,
    read_step,
    set_weights,
)
from leyden.runs.folder import CONFIG as FROZEN
from leyden.runs.folder import config_digest, read_frozen
from leyden.runs.hyperparameters import short_hyperparameters
from leyden.runs.lock import executing
from leyden.runs.log import run_log
from leyden.runs.record import Diverged, Interrupted, Record, status_after
from leyden.stacked.lockstep import Seat
from leyden.sweeps.trial import Trial
from leyden.testing.faults import saboteurs
from leyden.training.build import Experiment, build
from leyden.training.recovery import prepare_second_try

log = logging.getLogger("leyden")


def execute(record: Record, *, trial: Trial | None = None, seat: Seat | None = None) -> None:
    """Trains and tests from the frozen config in the record's folder.

    Args:
        record: Of a run that has not begun, or of one that goes on from its last checkpoint.
        trial: Of a search; None where there is none.
        seat: Among the runs that are trained with it; None: it is trained alone.
    """
    use_temporary_folder()
    stop = StopSignal()
    alone = executing(record.folder) if record.is_kept else nullcontext()
    with handled(stop.meet), alone, record.reread().running(), run_log(record.folder):
        try:
            while not has_ended(record, trial, seat, stop):
                gc.collect()
                torch.cuda.empty_cache()
        finally:
            stop.is_deferred = True  # only the record is left to be written


def has_ended(record: Record, trial: Trial | None, seat: Seat | None, stop: StopSignal) -> bool:
    """Trains and tests; False where it may end otherwise if it is done once more.

    Several processes have to agree on that: whoever has started them starts them again.
    """
    try:
        fit_and_test(record, trial, seat, stop)
    except (RuntimeError, MemoryError, Diverged) as error:
        if num_processes_of(read_frozen(record.folder)) > 1:
            raise
        note = prepare_second_try(record, status_after(error))
        if note is None:
            raise
        terminal.show_note(note)
        return False
    return True


def fit_and_test(record: Record, trial: Trial | None, seat: Seat | None, stop: StopSignal) -> None:
    """Builds the run from its frozen config, trains it, and tests its best checkpoint."""
    folder = record.folder
    cfg = read_frozen(folder)
    checkpoint = resumable(record)
    callbacks = run_callbacks(cfg, record, checkpoint)
    if trial is not None:
        first = trial.pruner.min_validations
        callbacks.append(Pruning(trial.should_stop, monitor=trial.metric, min_validations=first))
    utilisation = Utilisation(
        flops_per_step=record.flops["per_step"], peak_flops=cfg.trainer.peak_flops
    )
    resume = {key: cfg.resume[key] for key in parameters_of(ResumeCheckpoint)}
    checkpoints = ResumeCheckpoint(**resume)
    checkpoints.signal = stop
    last = [utilisation, checkpoints]
    experiment = build(cfg, folder, first=callbacks, last=last)
    if seat is not None:
        seat.take(experiment.trainer)
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
        for folder in (record.folder, record.folder / "checkpoints"):
            remove_parts(folder)
    path, defects = find_sound(record.folder, LAST)
    for defect in defects:
        log.warning("%s", defect)
        if record.is_kept:
            terminal.show_note(f"{defect}; {path.name if path else 'none'} is taken")
    if path is None and record.steps and record.is_kept:
        terminal.show_note("no checkpoint is left: it begins anew")
    unmarked = record.folder / "checkpoints" / "last.ckpt"  # before there were markers
    return unmarked if path is None and unmarked.exists() else path


def run_callbacks(cfg: DictConfig, record: Record, checkpoint: Path | None) -> list[Callback]:
    """What every run has, whatever its config says."""
    monitor = cfg.monitor
    return [
        KnownStates(),
        SameConfig(f"{config_digest(cfg)} from {checkpoint and checkpoint.name}"),
        ResumeState(),
        OptimizerMode(),
        SharedBuffers(),
        NonFinite(record, policy=cfg.trainer.on_nonfinite, limit=cfg.trainer.max_nonfinite),
        StepLoss(record),
        FinalValidation(),
        PlateauObserver(),
        Recorder(
            record,
            batch_size=cfg.data.batch_size,
            accumulate=split_of(cfg).accumulate,
            monitor=monitor.metric,
            mode=monitor.mode,
        ),
        Hyperparameters(
            values=short_hyperparameters(cfg, record.choices, record.overrides),
            config=read_text(record.folder / FROZEN),
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
    if not torch.cuda.is_available():
        # torch's Adam asks for GPUs at each step; by this variable Lightning lets it load the
        # driver's library anew each time, a tenth of a small network's step.
        os.environ.pop("PYTORCH_NVML_BASED_CUDA_CHECK", None)
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
            # It counts micro-batches of an epoch; steps are logged across epochs.
            warnings.filterwarnings("ignore", "The number of training batches .* is smaller than")
            # Where parameters are split, the check has refused it.
            warnings.filterwarnings("ignore", "You're using the WeightAveraging callback")
            trainer.fit(experiment.task, datamodule=experiment.data, ckpt_path=checkpoint)
    except SystemExit as error:
        # Lightning turns signals into exits; any other exit is the user's code's own.
        if isinstance(error, SIGTERMException) or isinstance(error.__context__, KeyboardInterrupt):
            raise Interrupted("stopped at once") from error
        raise
    finally:
        record.name_best()


def test(experiment: Experiment, record: Record) -> None:
    """Tests the best checkpoint, or the last weights where none was kept."""
    if find_checkpoint(record.folder) is not None:
        start_from(experiment.task.net, str(record.folder))
    trainer = experiment.trainer
    # Loggers ask for it; of a run that was killed after its last step Lightning has not counted it.
    trainer.fit_loop.epoch_loop._batches_that_stepped = trainer.global_step
    trainer.test(experiment.task, datamodule=experiment.data, verbose=False)
