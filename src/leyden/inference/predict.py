"""Predictions of a run for new inputs."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from leyden.config.module_run import is_module_run
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.new_rows import LackingColumns
from leyden.errors import ConfigError, Problem
from leyden.files.row_writer import Columns, Kind, row_writer
from leyden.inference.asked import Asked, PredictionConfig, load_asked
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
from leyden.inference.load import LoadedRun, load_run
from leyden.inference.predictor import Predictor
from leyden.inference.text_predictions import KINDS, text_rows
from leyden.run.folder import read_frozen, require_run_folder
from leyden.run.preparation import read_preparation


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
        batches = batches_of_values(
            inputs, run.preparation, config.batch_size, config.skip, run.vocabulary
        )
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
    require_run_folder(folder)
    prepared = read_preparation(folder)
    is_of_tokens = prepared is not None and prepared.predicts_tokens
    if is_of_tokens and not is_module_run(read_frozen(folder)):
        return _texts(load_run(folder, config.which), files, config, told)
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
        batches = read_inputs(
            files,
            run.preparation,
            size=config.batch_size,
            may_lack=config.skip,
            vocabulary=run.vocabulary,
        )
        blocks = _blocks(_with_hint(batches), predictor, told, config)
    if config.skip:
        kinds["problem"] = "string"
    return kinds, blocks


def _with_hint(batches: Iterator[InputBatch]) -> Iterator[InputBatch]:
    """The batches; where a file lacks a column, its error says how to do without it."""
    try:
        yield from batches
    except ConfigError as error:
        if not isinstance(error.__cause__, LackingColumns):
            raise
        hint = "--on-error skip takes its cells as missing"
        told = [replace(one, message=f"{one.message}; {hint}") for one in error.problems]
        raise ConfigError(told) from error


def _texts(
    run: LoadedRun, files: Sequence[Path], config: PredictionConfig, told: Predictions
) -> tuple[dict[str, Kind], Iterator[Columns]]:
    """Rows of a language model; what is for other models is refused."""
    asked = {
        "--ensemble": config.ensemble,
        "--mc-dropout": config.num_dropout,
        "--horizon": config.horizon,
    }
    for key, value in asked.items():
        if value:
            raise ConfigError([Problem(key, "is not for language models", str(value))])

    def counted() -> Iterator[Columns]:
        for columns in text_rows(files, run, skip=config.skip):
            told.count += 1
            problem = columns.get("problem", [""])[0]
            told.num_problems += bool(problem)
            told.example = told.example or problem
            yield columns

    return {**KINDS, **({"problem": "string"} if config.skip else {})}, counted()


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
