"""Why a run's model says what it says: attributions of predictions, in tables and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.data.images.preparation import ImagePreparation
from leyden.data.preparation import Preparation
from leyden.data.series.new_series import read_new_series
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.encoders import CategoryEncoder, TimeEncoder
from leyden.data.tables.preparation import TablePreparation
from leyden.errors import ConfigError, Problem
from leyden.inference.attributions import (
    Attribution,
    Explained,
    Method,
    attribute,
    require_captum,
    similarity_to_random,
)
from leyden.inference.generate import encoded
from leyden.inference.inputs import find_files, read_inputs
from leyden.inference.load import LoadedRun, load_run
from leyden.run.folder import read_frozen

MOST = 32
"""Inputs that are explained; an explanation is looked at one by one."""


@dataclass(frozen=True)
class ExplainedInput:
    """An input and what its parts add to its prediction.

    Attributes:
        name: File and row, or the text.
        kind: What it is: image, table, series, text.
        prediction: What the model says, in words.
        parts: Names of the parts; of an image none.
        values: Attribution of each part; of an image (height, width), summed over its channels.
        shown: What is shown beside them: pixels 0 to 1 (height, width, channels), or the values of
            a series; None of others.
        error: Completeness error; None of methods without completeness.
    """

    name: str
    kind: str
    prediction: str
    parts: list[str]
    values: Tensor
    shown: Tensor | None
    error: float | None


@dataclass(frozen=True)
class Explanation:
    """Some inputs, explained.

    Attributes:
        method: How.
        inputs: The inputs.
        similarity: See `similarity_to_random`.
        left_out: Inputs that are not explained, by reason.
    """

    method: str
    inputs: list[ExplainedInput]
    similarity: float
    left_out: dict[str, int] = field(default_factory=dict)


def explain(source: Path, which: str, given: Sequence[str], method: Method) -> Explanation:
    """Explains the first inputs.

    Args:
        source: Folder of the run.
        which: Checkpoint: `best` or `last`.
        given: Files, folders, patterns; of text the texts themselves.
        method: See `attribute`.

    Raises:
        ConfigError: The run has no model for such inputs, an input can't be read, or the extra is
            missing.
    """
    require_captum()
    run = load_run(source, which)
    if run.spec is None or run.preparation is None or is_module_run(read_frozen(source)):
        message = "keeps nothing by which new inputs could be read"
        raise ConfigError([Problem("RUN", message, str(source))])
    model = Explained(run.net, run.spec)
    names, inputs, left_out = _read(run, given)
    batches = [inputs] if isinstance(inputs, Tensor) else inputs
    found, similarities = list[ExplainedInput](), list[float]()
    place = 0
    for batch in batches:
        baseline = _baseline(batch, run.preparation)
        told = attribute(model, batch, baseline, method)
        similarities.append(similarity_to_random(model, batch, baseline, told, method))
        for row in range(len(batch)):
            found.append(_explained(run, names[place], batch[row], told, row))
            place += 1
    return Explanation(method, found, sum(similarities) / len(similarities), left_out)


def _read(
    run: LoadedRun, given: Sequence[str]
) -> tuple[list[str], Tensor | list[Tensor], dict[str, int]]:
    """Names, inputs, and how many more there are; texts of different lengths are batches of one."""
    preparation = run.preparation
    assert preparation is not None
    if run.vocabulary is not None:
        texts = list(given)[:MOST]
        context = run.spec.input_shape[0] if run.spec else 0
        return texts, [one[None, -context:] for one in encoded(run.vocabulary, texts)], {}
    files = find_files(given)
    if isinstance(preparation, SeriesPreparation):
        series = [
            (f"{file.name} {one.name}".strip(), one)
            for file in files
            for one in read_new_series(file, preparation, steps=1)
        ]
        pasts = [(name, one.past) for name, one in series if one.past is not None]
        if not pasts:
            raise ConfigError([Problem("INPUT", series[0][1].problem, str(files[0]))])
        return [name for name, _ in pasts], torch.stack([past for _, past in pasts]), {}
    names, rows, seen = list[str](), list[Tensor](), 0
    for batch in read_inputs(files, preparation, size=MOST, may_lack=False):
        if batch.problems:
            place, problem = min(batch.problems.items())
            raise ConfigError([Problem("INPUT", problem, str(batch.files[place]))])
        seen += len(batch.rows)
        for file, row, one in islice(
            zip(batch.files, batch.rows, batch.inputs, strict=True), MOST - len(rows)
        ):
            is_image_file = isinstance(preparation, ImagePreparation) and file.suffix != ".npy"
            names.append(file.name if is_image_file else f"{file.name} row {row}")
            rows.append(one)
    left_out = {f"only the first {MOST} are explained": seen - MOST} if seen > MOST else {}
    return names, torch.stack(rows), left_out


def _baseline(batch: Tensor, preparation: Preparation) -> Tensor:
    """A black image; otherwise the mean of the training part, and no category."""
    nothing = torch.zeros_like(batch[:1])
    if isinstance(preparation, ImagePreparation):
        return preparation.inputs(nothing)
    return nothing


def _explained(
    run: LoadedRun, name: str, given: Tensor, told: Attribution, row: int
) -> ExplainedInput:
    spec, values = run.spec, told.values[row]
    assert spec is not None
    prediction = _prediction(run, told, row)
    error = None if told.errors is None else float(told.errors[row])

    def of(parts: list[str], own: Tensor, shown: Tensor | None) -> ExplainedInput:
        return ExplainedInput(name, spec.kind, prediction, parts, own, shown, error)

    if isinstance(run.preparation, ImagePreparation):
        mean, std = (torch.tensor(one).view(-1, 1, 1) for one in _scale(run.preparation))
        pixels = (given * std + mean).clamp(0, 1).permute(1, 2, 0)
        return of([], values.sum(0), pixels)
    if isinstance(run.preparation, TablePreparation):
        parts, own = _by_column(run.preparation, spec.feature_names, values)
        return of(parts, own, None)
    if isinstance(run.preparation, SeriesPreparation):
        layout, lags = run.preparation.layout, run.preparation.lags
        columns = [layout.target, *layout.features]
        parts = [f"{column}, {lags - lag} before" for lag in range(lags) for column in columns]
        return of(parts, values.flatten(), given[:, 0])
    assert run.vocabulary is not None
    tokens = [run.vocabulary.decode(given[place : place + 1]) for place in range(len(given))]
    return of(tokens, values, None)


def _scale(preparation: ImagePreparation) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return preparation.mean, preparation.std


def _prediction(run: LoadedRun, told: Attribution, row: int) -> str:
    spec, target = run.spec, int(told.targets[row])
    assert spec is not None
    output = float(told.outputs[row])
    if spec.kind == "text" and run.vocabulary is not None:
        return f"next token {run.vocabulary.decode(torch.tensor([target]))!r}"
    if spec.task_name == "classification":
        return spec.class_names[target] if spec.class_names else f"class {target}"
    return f"{spec.target_name} {output:.4g}"


def _by_column(
    preparation: TablePreparation, features: Sequence[str], values: Tensor
) -> tuple[list[str], Tensor]:
    """Attributions of columns: the sums over the features that were made of each."""
    owners: list[int] = []
    for place, encoder in enumerate(preparation.encoders):
        if isinstance(encoder, CategoryEncoder):
            count = len(encoder.known)
        else:
            count = 1 + int(encoder.scaling.has_indicator)
            count += 2 * len(encoder.circles) if isinstance(encoder, TimeEncoder) else 0
        owners += [place] * count
    sums = torch.zeros(len(preparation.encoders), dtype=values.dtype)
    sums.index_add_(0, torch.tensor(owners), values.cpu())
    return preparation.names, sums


def rows_of(explanation: Explanation) -> dict[str, list[Any]]:
    """A row for each part of each input, for a file; of images for each pixel."""
    columns: dict[str, list[Any]] = {"input": [], "part": [], "attribution": []}
    for one in explanation.inputs:
        parts = one.parts
        if one.kind == "image":
            height, width = one.values.shape
            parts = [f"{row},{column}" for row in range(height) for column in range(width)]
        columns["input"] += [one.name] * len(parts)
        columns["part"] += parts
        columns["attribution"] += one.values.flatten().tolist()
    return columns
