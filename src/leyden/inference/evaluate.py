"""Test metrics of a run, from its folder alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningDataModule, LightningModule, seed_everything

from leyden.callbacks import CheckpointStateFilter
from leyden.callbacks.recorder import require_finite
from leyden.config.instantiate import make
from leyden.config.module_run import is_module_run
from leyden.config.overrides import override
from leyden.config.references import in_run_folder
from leyden.config.validate import validate_frozen
from leyden.data import Spec
from leyden.errors import ConfigError, Problem
from leyden.events import Note, Observer
from leyden.files.json_file import reason_of
from leyden.inference.labelled import labelled_inputs
from leyden.inference.load import checkpoint_of
from leyden.planning.building import build_module
from leyden.planning.hardware import accelerator_is_here, precision_fits
from leyden.planning.initial_weights import require_matching_weights
from leyden.planning.read_data import read_data
from leyden.planning.size import makes_layers_late, meta_model
from leyden.run.checkpoints import load_weights
from leyden.run.folder import read_frozen, require_run_folder
from leyden.run.log import quiet_libraries
from leyden.run.preparation import Prepared, prepared_of, read_preparation
from leyden.run.record import Record
from leyden.run.test_uses import add_test_use
from leyden.tasks import Task
from leyden.training.build import RunObjects, build_trainer
from leyden.training.resume import data_changes

OF_DATA = ("data", "+data", "~data")
"""Beginnings of overrides that change the data."""


@dataclass(frozen=True)
class Tested:
    """A run that was tested.

    Attributes:
        metrics: The metrics by name.
        task: What was tested.
        data: What it was tested on.
        prepared: How the inputs were made; None: the data does not say it.
        checkpoint: Checkpoint whose weights were tested.
        overrides: Keys of the run's config that were different.
    """

    metrics: dict[str, float]
    task: LightningModule
    data: LightningDataModule
    prepared: Prepared | None
    checkpoint: Path
    overrides: list[str]

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """95 % intervals of metrics over the samples, by the names of the metrics that have one."""
        known = self.task.statistics.intervals if isinstance(self.task, Task) else {}
        return {f"test/{name}": interval for name, interval in known.items()}


def evaluate(
    folder: Path, overrides: list[str], *, observer: Observer, on: Sequence[str] = ()
) -> dict[str, float]:
    """Tests a run's checkpoint and returns the metrics by name.

    All that is written is a line in the run's folder: the test part was used.

    Args:
        folder: Folder of the run.
        overrides: `ckpt=best` (the default) or `ckpt=last`, and keys of the run's config.
        observer: Is told what of the data has changed.
        on: Files with inputs and their answers, instead of the test part.

    Raises:
        ConfigError: No such run or checkpoint, or an override of what the run does not have.
        Diverged: A metric is NaN or infinite.
    """
    return evaluated_run(folder, overrides, observer=observer, on=on).metrics


def evaluated_run(
    folder: Path,
    overrides: list[str],
    *,
    observer: Observer,
    on: Sequence[str] = (),
    watchers: Sequence[Callback] = (),
) -> Tested:
    """Tests a run's checkpoint, see `evaluate`.

    Args:
        folder: Folder of the run.
        overrides: Which checkpoint, and keys of the run's config.
        observer: Is told what of the data has changed.
        on: Files with inputs and their answers, instead of the test part.
        watchers: Callbacks that watch the test.
    """
    require_run_folder(folder)
    cfg = in_run_folder(read_frozen(folder), folder)
    which, others = _take_checkpoint(overrides)
    _require_effect(others, on)
    override(cfg, others, extra=("ckpt",))
    validate_frozen(cfg)
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    cfg.trainer.micro_batch = cfg.trainer.accumulate_grad_batches = None
    checkpoint = checkpoint_of(folder, which)
    problems = [*accelerator_is_here(cfg), *precision_fits(cfg)]
    if problems:
        raise ConfigError(problems)
    data, spec, prepared = _data_of(cfg, folder, on, observer)
    if on and not any(text.startswith("trainer.limit_test_batches") for text in others):
        cfg.trainer.limit_test_batches = 1.0
    if not on and not any(text.startswith(OF_DATA) for text in others):
        for change in data_changes(Record.read(folder), data):
            note = f"warning: {change}; what is tested may have been trained on"
            observer(Note(note))
    with quiet_libraries():
        seed_everything(cfg.seed, verbose=False)
        task = build_module(cfg, spec)
        if not makes_layers_late(task):
            require_matching_weights("RUN", checkpoint, meta_model(cfg, spec))
        own = [CheckpointStateFilter(), *user_callbacks(cfg)] if is_module_run(cfg) else []
        trainer = build_trainer(cfg, data, folder=None, callbacks=[*own, *watchers], loggers=[])
        run = RunObjects(data, task, trainer)
        if not run.has_test:
            raise ConfigError([Problem("model", f"{type(task).__name__} has no test_step")])
        if is_module_run(cfg):  # Lightning restores it when its layers and data are there
            trainer.test(task, datamodule=data, verbose=False, ckpt_path=str(checkpoint))
        else:
            load_weights(run.weighted, checkpoint)
            trainer.test(task, datamodule=data, verbose=False)
    if not on:
        record_use(folder, checkpoint, others, observer)
    require_finite(trainer)
    metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
    return Tested(metrics, task, data, prepared, checkpoint, others)


def _data_of(
    cfg: DictConfig, folder: Path, on: Sequence[str], observer: Observer
) -> tuple[LightningDataModule, Spec | None, Prepared | None]:
    """The data of the config; or the inputs of files as a data set, of which all are tested."""
    if not on:
        own, spec = read_data(cfg, fetch=True)
        return own, spec, prepared_of(own)
    prepared = read_preparation(folder) or prepared_of(read_data(cfg, fetch=True)[0])
    if is_module_run(cfg) or prepared is None:
        message = "keeps nothing by which new inputs could be read"
        raise ConfigError([Problem("RUN", message, str(folder))])
    data, notes = labelled_inputs(prepared, on)
    for note in notes:
        observer(Note(note))
    return data, data.spec, prepared


def _require_effect(overrides: list[str], on: Sequence[str]) -> None:
    """Raises `ConfigError` for what would change the data of the run, which is not read."""
    wrong = [text for text in overrides if on and text.startswith(OF_DATA)]
    if wrong:
        message = "has no effect on the files of --on, which are read as the run's own data; leave"
        raise ConfigError([Problem(wrong[0], f"{message} it out")])


def record_use(folder: Path, checkpoint: Path, overrides: list[str], observer: Observer) -> None:
    """Records that the test part was used; a folder that can't be written is only told of."""
    try:
        add_test_use(folder, by="eval", checkpoint=checkpoint.name, overrides=overrides)
    except OSError as error:
        message = f"the use of the test part could not be recorded: {reason_of(error)}"
        observer(Note(message))


def user_callbacks(cfg: DictConfig) -> list[Callback]:
    """The callbacks of a config that are none of Leyden's: some change what is tested."""
    nodes = [node for node in (cfg.callbacks or {}).values() if node is not None]
    return [make(node) for node in nodes if not str(node._target_).startswith("leyden.")]


def _take_checkpoint(overrides: list[str]) -> tuple[str, list[str]]:
    """Which checkpoint is meant, and the other words."""
    which, others = "best", []
    for text in overrides:
        key, _, value = text.partition("=")
        if key != "ckpt":
            others.append(text)
        elif value in ("best", "last"):
            which = value
        else:
            raise ConfigError([Problem("ckpt", "must be one of best, last", value)])
    return which, others
