"""A run from its config to its record. Read this first.

    compose -> check -> fit to the data -> claim a folder -> freeze -> build -> fit -> test

`compose` and `check` happen in `leyden.cli`, for all jobs of a sweep before its first. From the
frozen config on, a run needs nothing but its own folder.
"""

import gc
import warnings
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
    OptimizerMode,
    PlateauObserver,
    Pruning,
    Recorder,
    ResumeState,
    SameConfig,
    SignalStop,
    StepLoss,
    Utilisation,
)
from leyden.config.batch import halve_micro_batch, num_processes_of
from leyden.config.build import Experiment, build
from leyden.config.fit import Fitted, fit_to_data
from leyden.config.job import Job
from leyden.export.hf_folder import CONFIG, WEIGHTS, is_hf, locate
from leyden.export.pretrained import gpt2_weights
from leyden.loggers import Resumable
from leyden.processes import JobProcesses, death, torchrun
from leyden.runs.checkpoints import (
    find_checkpoint,
    find_resumable,
    load_weights,
    read_step,
    set_weights,
)
from leyden.runs.folder import (
    claim_folder,
    config_digest,
    default_name,
    freeze,
    new_folder,
    read_frozen,
)
from leyden.runs.hyperparameters import short_hyperparameters
from leyden.runs.log import run_log
from leyden.runs.record import Interrupted, Record, status_after
from leyden.sweeps.trial import Trial


def train(job: Job, *, command: list[str]) -> Record:
    """Runs a checked job to its end, whatever that is: the record says.

    Args:
        job: Composed and checked.
        command: What the user typed, for the record.

    Raises:
        ConfigError: The config does not fit its data. Nothing was written.
    """
    fitted = fit_to_data(job.cfg)
    if torchrun.is_started_by_torchrun():
        record = prepare_together(job, fitted, command=command)
    else:
        record = prepare(job, fitted, command=command, folder=claim(job, fitted.cfg))
    try:
        if fitted.cfg.trainer.devices > 1 and not torchrun.is_started_by_torchrun():
            execute_apart(record, devices=fitted.cfg.trainer.devices)
        else:
            execute(record)
    except BaseException:
        if record.is_kept:
            terminal.show_failure(record)
    else:
        if record.is_kept:
            terminal.show_end(record)
    torchrun.leave()
    return record


def claim(job: Job, cfg: DictConfig) -> Path:
    """Makes the run's folder."""
    if cfg.run_dir is not None:
        return claim_folder(Path(cfg.run_dir))
    return new_folder(cfg.name or default_name(job.choices.get("experiment"), job.choices))


def prepare_together(job: Job, fitted: Fitted, *, command: list[str]) -> Record:
    """Prepares the run in the first of several processes, which tells the others its folder."""
    torchrun.join(timeout=fitted.cfg.trainer.timeout)
    if torchrun.is_first():
        record = prepare(job, fitted, command=command, folder=claim(job, fitted.cfg))
        torchrun.from_first(record.folder.absolute())
        return record
    record = Record.read(torchrun.from_first(None))
    record.is_kept = False
    return record


def execute_apart(record: Record, *, devices: int) -> None:
    """Executes a run in a process for each of its devices.

    Raises:
        RuntimeError: It did not complete; the record says why.
    """
    while True:
        job = JobProcesses(record.folder, world_size=devices, is_logged=False)
        code = job.wait_stoppable()
        vars(record).update(vars(Record.read(record.folder)))
        if record.status != "oom" or not halve_micro_batch(record.folder):
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
    )
    record.write()
    return record


def execute(record: Record, *, trial: Trial | None = None) -> None:
    """Trains and tests from the frozen config in the record's folder.

    Args:
        record: Of a run that has not begun, or of one that goes on from its last checkpoint.
        trial: Of a search; None where there is none.
    """
    with record.running(), run_log(record.folder):
        while not fits_in_memory(record, trial):
            gc.collect()
            torch.cuda.empty_cache()
            terminal.show_note("memory ran out: it begins again with smaller micro-batches")


def fits_in_memory(record: Record, trial: Trial | None) -> bool:
    """Trains and tests; False where memory ran out and smaller micro-batches may do.

    Several processes have to agree on them: whoever has started them starts them again.
    """
    try:
        fit_and_test(record, trial)
    except (RuntimeError, MemoryError) as error:
        is_alone = num_processes_of(read_frozen(record.folder)) == 1
        if status_after(error) != "oom" or not is_alone or not halve_micro_batch(record.folder):
            raise
        return False
    return True


def fit_and_test(record: Record, trial: Trial | None) -> None:
    """Builds the run from its frozen config, trains it, and tests its best checkpoint."""
    folder = record.folder
    cfg = read_frozen(folder)
    callbacks = run_callbacks(cfg, record)
    if trial is not None:
        callbacks.append(Pruning(trial.should_stop, monitor=cfg.monitor.metric))
    utilisation = Utilisation(
        flops_per_step=record.flops["per_step"], peak_flops=cfg.trainer.peak_flops
    )
    experiment = build(cfg, folder, first=callbacks, last=[utilisation, SignalStop()])
    checkpoint = find_resumable(folder)
    if checkpoint is None and cfg.init_from is not None:
        start_from(experiment.task.net, cfg.init_from)
    if record.is_kept:
        terminal.show_start(record, cfg, experiment)
    fit(experiment, record, checkpoint)
    terminal.show_stop(experiment)
    test(experiment, record)


def run_callbacks(cfg: DictConfig, record: Record) -> list[Callback]:
    """What every run has, whatever its config says."""
    monitor = cfg.monitor
    return [
        SameConfig(config_digest(cfg)),
        ResumeState(),
        OptimizerMode(),
        StepLoss(),
        FinalValidation(),
        PlateauObserver(),
        Recorder(record, batch_size=cfg.data.batch_size, monitor=monitor.metric, mode=monitor.mode),
        Hyperparameters(
            values=short_hyperparameters(cfg, record.choices, record.overrides),
            config=OmegaConf.to_yaml(cfg),
            monitor=monitor.metric,
        ),
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
            # The checkpoints in the folder are the run's own.
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
    experiment.trainer.test(experiment.task, datamodule=experiment.data, verbose=False)
