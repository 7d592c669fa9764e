"""Predictions of a run for new inputs."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TextIO

from pytorch_lightning import LightningModule
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.data import Spec
from leyden.data.series.preparation import SeriesPreparation
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Columns, Kind, row_writer
from leyden.inference.forecasts import (
    forecast_kinds,
    forecasts,
    forecasts_of_frame,
    require_steps,
)
from leyden.inference.inputs import (
    InputBatch,
    batches_of_values,
    find_files,
    read_inputs,
)
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


@dataclass
class Predictions:
    """What became of the inputs.

    Attributes:
        count: Inputs.
        num_problems: Those that could not be read.
        example: What is wrong with the first of these.
        filled: Missing numbers that were filled, by column.
        counts: Predictions of each class; empty for numbers.
        calibration: Correction of the probabilities in words; empty: none.
    """

    count: int = 0
    num_problems: int = 0
    example: str = ""
    filled: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    calibration: str = ""


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


def predict_files(
    folder: Path,
    files: Sequence[Path],
    out: Path | TextIO,
    format: str,
    config: PredictionConfig,
    *,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Predictions:
    """Writes a row for each input, or for each step of a series, in their order.

    Args:
        folder: Folder of the run.
        files: Files of inputs.
        out: New file, or an open one such as standard output.
        format: `csv`, `jsonl` or `parquet`.
        config: How predictions are made.
        on_progress: Is told the number of inputs so far.

    Raises:
        ConfigError: The run can't predict, or an input can't be read and is not skipped.
    """
    told = Predictions()
    kinds, blocks = _table_of_files(folder, files, config, told)
    with row_writer(out, format, kinds) as writer:
        for columns in blocks:
            writer.write(columns)
            on_progress(told.count)
    return told


def predict_values(folder: Path, inputs: Any, config: PredictionConfig) -> dict[str, list[Any]]:
    """The columns of the predictions for values in memory, or for files.

    Args:
        folder: Folder of the run.
        inputs: Rows of a table or a series (DataFrame), images (array), or paths.
        config: How predictions are made.

    Raises:
        ConfigError: See `predict_files`; or the run is of other data than such values.
    """
    if isinstance(inputs, str | Path):
        inputs = [inputs]
    if isinstance(inputs, Sequence):
        files = find_files([str(one) for one in inputs])
        kinds, blocks = _table_of_files(folder, files, config, Predictions())
        return _joined(kinds, blocks)
    predictor, run = load_asked(folder, config)
    assert run.preparation is not None
    if isinstance(run.preparation, SeriesPreparation) and isinstance(predictor, Predictor):
        steps = require_steps(run.preparation, config.horizon)
        kinds = forecast_kinds(predictor, run.preparation)
        found = forecasts_of_frame(
            inputs, run.preparation, predictor, steps=steps, skip=config.skip
        )
        blocks = (columns | ({"problem": told} if config.skip else {}) for columns, told in found)
    else:
        kinds = {"row": "int64", **predictor.kinds}
        batches = batches_of_values(inputs, run.preparation, config.batch_size, config.skip)
        blocks = _blocks(batches, predictor, Predictions(), config)
    if config.skip:
        kinds["problem"] = "string"
    return _joined({name: kind for name, kind in kinds.items() if name != "file"}, blocks)


def _joined(kinds: Mapping[str, Kind], blocks: Iterable[Columns]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {name: [] for name in kinds}
    for block in blocks:
        for name, values in columns.items():
            values += block[name]
    return columns


def _table_of_files(
    folder: Path, files: Sequence[Path], config: PredictionConfig, told: Predictions
) -> tuple[dict[str, Kind], Iterator[Columns]]:
    """The columns of the predictions for files, and their blocks as they come."""
    predictor, run = load_asked(folder, config)
    assert run.preparation is not None
    if predictor.calibration is not None:
        told.calibration = predictor.calibration.words
    kinds: dict[str, Kind]
    if isinstance(run.preparation, SeriesPreparation) and isinstance(predictor, Predictor):
        steps = require_steps(run.preparation, config.horizon)
        kinds = forecast_kinds(predictor, run.preparation)
        blocks = _series_blocks(files, run.preparation, predictor, told, steps, config)
    else:
        if config.horizon is not None:
            raise ConfigError([Problem("--horizon", "is for series", str(config.horizon))])
        kinds = {"file": "string", "row": "int64", **predictor.kinds}
        batches = read_inputs(files, run.preparation, size=config.batch_size, may_lack=config.skip)
        blocks = _blocks(batches, predictor, told, config)
    if config.skip:
        kinds["problem"] = "string"
    return kinds, blocks


def _series_blocks(
    files: Sequence[Path],
    preparation: SeriesPreparation,
    predictor: Predictor,
    told: Predictions,
    steps: int,
    config: PredictionConfig,
) -> Iterator[Columns]:
    for columns, problems in forecasts(
        files, preparation, predictor, steps=steps, skip=config.skip
    ):
        told.count += 1
        told.num_problems += bool(problems[0])
        told.example = told.example or problems[0]
        yield columns | ({"problem": problems} if config.skip else {})


def _blocks(
    batches: Iterator[InputBatch], predictor: Asked, told: Predictions, config: PredictionConfig
) -> Iterator[Columns]:
    for batch in batches:
        if batch.problems and not config.skip:
            found = _first_problem(batch)
            message = f"{found.message}; --on-error skip leaves its row empty"
            raise ConfigError([replace(found, message=message)])
        told.count += len(batch.rows)
        told.num_problems += len(batch.problems)
        if batch.problems and not told.example:
            told.example = str(_first_problem(batch))
        told.filled += batch.filled
        yield columns_of(batch, predictor, told, with_problems=config.skip)


def _first_problem(batch: InputBatch) -> Problem:
    place, problem = min(batch.problems.items())
    where = f"row {batch.rows[place]:,}: " if batch.cells is not None else ""
    return Problem("INPUT", f"{where}{problem}", str(batch.files[place]))


def columns_of(
    batch: InputBatch, predictor: Asked, told: Predictions, *, with_problems: bool
) -> dict[str, list[Any]]:
    """The output rows of a batch; those of inputs that can't be read are empty."""
    count = len(batch.rows)
    sound = [place for place in range(count) if place not in batch.problems]
    found = predictor(batch.inputs) if sound else {}
    columns: dict[str, list[Any]] = {"file": list(map(str, batch.files)), "row": list(batch.rows)}
    for name in predictor.kinds:
        values: list[Any] = [None] * count
        for place, value in zip(sound, found.get(name, ()), strict=False):
            values[place] = value
        columns[name] = values
    if "probability" in predictor.kinds:
        told.counts.update(str(one) for one in found.get("prediction", ()))
    if with_problems:
        columns["problem"] = [batch.problems.get(place, "") for place in range(count)]
    return columns
