"""What is asked for predictions: networks of a run and its ensemble, or its LightningModule."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pytorch_lightning import LightningModule
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.data import Spec
from leyden.data.series.preparation import SeriesPreparation
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Kind
from leyden.inference.load import LoadedRun, calibration_of, load_run
from leyden.inference.module_predictor import ModulePredictor
from leyden.inference.predictor import Predictor
from leyden.run.calibration import Calibration
from leyden.run.folder import read_frozen, require_run_folder
from leyden.run.prediction_intervals import read_intervals

BATCH = 1024


@dataclass(frozen=True, kw_only=True)
class PredictionConfig:
    """How predictions are made.

    Attributes:
        which: Checkpoint: `best` or `last`.
        ensemble: Folders of further runs whose mean is taken.
        num_dropout: Passes with dropout; 0: none.
        skip: Whether inputs that can't be read have a row that says so, instead of being an error.
        batch_size: Inputs that are computed together.
        horizon: Steps of a forecast; None: those that the model gives at once.
    """

    which: str = "best"
    ensemble: tuple[Path, ...] = ()
    num_dropout: int = 0
    skip: bool = False
    batch_size: int = BATCH
    horizon: int | None = None


class Asked(Protocol):
    """What says something of inputs: networks of Leyden's, or a LightningModule of the user's."""

    spec: Spec
    calibration: Calibration | None

    @property
    def kinds(self) -> dict[str, Kind]:
        """The columns that are said of an input, and their types."""

    def __call__(self, inputs: Tensor) -> dict[str, list[object]]:
        """Columns of what is said of each input."""


def load_asked(folder: Path, config: PredictionConfig) -> tuple[Asked, LoadedRun]:
    """The networks of a run and of its ensemble, or its LightningModule.

    Raises:
        ConfigError: See `load_predictor`; or a LightningModule gives no answer for each input.
    """
    require_run_folder(folder)
    if not is_module_run(read_frozen(folder)):
        return load_predictor(folder, config)
    for key, value in (("--ensemble", config.ensemble), ("--mc-dropout", config.num_dropout)):
        if value:
            message = "is for Leyden's tasks; RUN trains a LightningModule of its own"
            raise ConfigError([Problem(key, message)])
    run = load_run(folder, config.which)
    if run.preparation is None or run.spec is None:
        message = "reads its data by itself; without INPUT its own predict_dataloader is asked"
        raise ConfigError([Problem("INPUT", message)])
    if isinstance(run.preparation, SeriesPreparation):
        message = "trains a LightningModule: forecasts of series are made by Leyden's networks"
        raise ConfigError([Problem("RUN", message, str(folder))])
    assert isinstance(run.net, LightningModule)
    return ModulePredictor(run.net, run.spec), run


def load_predictor(folder: Path, config: PredictionConfig) -> tuple[Predictor, LoadedRun]:
    """The networks of a run and of its ensemble.

    Raises:
        ConfigError: A run has no model for new inputs, or those of the ensemble differ in what
            they take and give.
    """
    first = _loaded(folder, config.which, key="RUN")
    assert first.spec is not None
    others = [_loaded(one, config.which, key="--ensemble") for one in config.ensemble]
    for one, path in zip(others, config.ensemble, strict=True):
        if (one.spec, one.preparation) != (first.spec, first.preparation):
            message = "takes other inputs or gives other outputs than RUN: their data differ"
            raise ConfigError([Problem("--ensemble", message, str(path))])
    nets = [first.net, *(one.net for one in others)]
    is_alone = not config.ensemble and config.num_dropout == 0 and config.which == "best"
    predictor = Predictor(
        nets,
        first.spec,
        # They are those of the errors of this network with the weights that were tested.
        intervals=read_intervals(folder) if is_alone else None,
        calibration=calibration_of(folder) if is_alone else None,
        num_dropout=config.num_dropout,
    )
    return predictor, first


def _loaded(folder: Path, which: str, *, key: str) -> LoadedRun:
    run = load_run(folder, which)
    if is_module_run(read_frozen(folder)):
        message = "trains a LightningModule of its own; call it on the inputs of its own data"
        raise ConfigError([Problem(key, message, str(folder))])
    if run.preparation is None or run.spec is None:
        message = "keeps nothing by which new inputs could be read: its data set does not say it"
        raise ConfigError([Problem(key, message, str(folder))])
    return run
