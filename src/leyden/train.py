"""A run from its config to its record. Read this first.

    compose -> check -> fit to the data -> claim a folder -> freeze -> build -> fit -> test

`compose` and `check` happen in `leyden.cli`, for all jobs of a sweep before its first. From the
frozen config on, a run needs nothing but its own folder.
"""

import time
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import Callback
from torch import nn

from leyden import terminal
from leyden.callbacks import (
    FinalValidation,
    FiniteLoss,
    Hyperparameters,
    OptimizerMode,
    PlateauObserver,
    Recorder,
    SignalStop,
)
from leyden.config.build import Experiment, build
from leyden.config.fit import Fitted, fit_to_data
from leyden.config.job import Job
from leyden.runs.checkpoints import find_checkpoint, read_weights
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
from leyden.runs.record import Interrupted, Record


def train(job: Job, *, command: list[str], folder: Path | None = None) -> Record:
    """Runs a checked job to its end, whatever that is: the record says.

    Args:
        job: Composed and checked.
        command: What the user typed, for the record.
        folder: Of the run; by default a new one under `outputs/`.

    Raises:
        ConfigError: The config does not fit its data. Nothing was written.
    """
    fitted = fit_to_data(job.cfg)
    record = prepare(job, fitted, command=command, folder=folder)
    try:
        execute(record)
    except BaseException:
        terminal.show_failure(record)
    else:
        terminal.show_end(record)
    return record


def prepare(job: Job, fitted: Fitted, *, command: list[str], folder: Path | None) -> Record:
    """Makes the run's folder, with the frozen config and a pending record."""
    cfg = fitted.cfg
    experiment = job.choices.get("experiment")
    name = cfg.name or default_name(experiment, job.choices)
    chosen = folder if cfg.run_dir is None or folder is not None else Path(cfg.run_dir)
    folder = claim_folder(chosen) if chosen is not None else new_folder(name)
    freeze(cfg, job.overrides, folder)
    record = Record(
        folder=folder,
        experiment=experiment,
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


def execute(record: Record) -> None:
    """Trains and tests from the frozen config in the record's folder."""
    folder = record.folder
    with record.running(), run_log(folder):
        cfg = read_frozen(folder)
        experiment = build(cfg, folder, callbacks=run_callbacks(cfg, record))
        if cfg.init_from is not None:
            load_weights(experiment.task.net, Path(cfg.init_from))
        terminal.show_start(record, cfg, experiment)
        fit(experiment, record)
        terminal.show_stop(experiment)
        test(experiment, record)


def run_callbacks(cfg: DictConfig, record: Record) -> list[Callback]:
    """What every run has, whatever its config says."""
    monitor = cfg.monitor
    return [
        OptimizerMode(),
        FiniteLoss(),
        FinalValidation(),
        PlateauObserver(),
        SignalStop(),
        Recorder(record, batch_size=cfg.data.batch_size, monitor=monitor.metric, mode=monitor.mode),
        Hyperparameters(
            values=short_hyperparameters(cfg, record.choices, record.overrides),
            config=OmegaConf.to_yaml(cfg),
            monitor=monitor.metric,
        ),
    ]


def load_weights(net: nn.Module, source: Path) -> None:
    """Starts the network from another run's weights."""
    path = find_checkpoint(source)
    assert path is not None
    net.load_state_dict(read_weights(path))


def fit(experiment: Experiment, record: Record) -> None:
    """Trains, and notes how long it took."""
    start = time.monotonic()
    try:
        experiment.trainer.fit(experiment.task, datamodule=experiment.data)
    except SystemExit as error:  # Lightning turns Ctrl-C into an exit
        raise Interrupted("stopped at once") from error
    finally:
        record.train_seconds = round(time.monotonic() - start, 3)
        counted = record.samples if record.tokens is None else record.tokens
        record.throughput = counted and round(counted / record.train_seconds, 1)


def test(experiment: Experiment, record: Record) -> None:
    """Tests the best checkpoint, or the last weights where none was kept."""
    if find_checkpoint(record.folder) is not None:
        load_weights(experiment.task.net, record.folder)
    experiment.trainer.test(experiment.task, datamodule=experiment.data, verbose=False)
