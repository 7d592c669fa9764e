"""Why a run's model says what it says: attributions of predictions, in tables and pictures."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from leyden.config.module_run import is_module_run
from leyden.data import Spec
from leyden.data.images.preparation import ImagePreparation
from leyden.data.preparation import Preparation
from leyden.data.series.new_series import NewSeries, read_new_series
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.errors import ConfigError, Problem
from leyden.inference.attributions import (
    Attribution,
    Explained,
    Method,
    attribute,
    require_captum,
    similarity_to_random,
)
from leyden.inference.column_features import column_sums
from leyden.inference.generate import TextGenerator, encoded, notes_on
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
        left_out: What is not explained, in words.
    """

    method: str
    inputs: list[ExplainedInput]
    similarity: float
    left_out: list[str] = field(default_factory=list)


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
    run, spec = load_explained(source, which)
    assert run.preparation is not None
    model = Explained(run.net, spec)
    names, inputs, left_out = read_explained(run, given)
    batches = [inputs] if isinstance(inputs, Tensor) else inputs
    found, similarities = list[ExplainedInput](), list[float]()
    for batch in batches:
        baseline = baseline_of(batch, run.preparation)
        told = attribute(model, batch, baseline, method)
        similarities.append(similarity_to_random(model, batch, baseline, told, method))
        found += inputs_explained(run, names[len(found) :], batch, told)
    return Explanation(method, found, sum(similarities) / len(similarities), left_out)


def inputs_explained(
    run: LoadedRun, names: Sequence[str], batch: Tensor, told: Attribution
) -> list[ExplainedInput]:
    """The inputs of a batch with their attributions."""
    return [_explained(run, names[row], batch[row], told, row) for row in range(len(batch))]


def load_explained(source: Path, which: str) -> tuple[LoadedRun, Spec]:
    """A run whose model new inputs can be read for.

    Raises:
        ConfigError: It has none.
    """
    run = load_run(source, which)
    if run.spec is None or run.preparation is None or is_module_run(read_frozen(source)):
        message = "keeps nothing by which new inputs could be read"
        raise ConfigError([Problem("RUN", message, str(source))])
    if isinstance(run.preparation, LabelledTextPreparation):
        message = "tells classes of texts, which can't be explained; `leyden predict` gives them"
        raise ConfigError([Problem("RUN", message, str(source))])
    return run, run.spec


def read_explained(
    run: LoadedRun, given: Sequence[str]
) -> tuple[list[str], Tensor | list[Tensor], list[str]]:
    """Names, inputs, and what is left out; texts of different lengths are batches of one."""
    preparation = run.preparation
    assert preparation is not None
    if run.vocabulary is not None:
        return _texts(run, run.vocabulary, given)
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
        without = len(series) - len(pasts)
        left_out = [f"{without} series left out: {_problem_of(series)}"] if without else []
        return [name for name, _ in pasts], torch.stack([past for _, past in pasts]), left_out
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
    return names, torch.stack(rows), _beyond_most(seen)


def _texts(
    run: LoadedRun, vocabulary: Vocabulary, given: Sequence[str]
) -> tuple[list[str], list[Tensor], list[str]]:
    texts, left_out = list(given)[:MOST], _beyond_most(len(given))
    assert run.spec is not None
    context = run.spec.input_shape[0]
    generator = TextGenerator(run.net, vocabulary, context)
    left_out += [note.removeprefix("note: ") for note in notes_on(generator, texts)]
    with keys_as("INPUT"):
        return texts, [one[None, -context:] for one in encoded(vocabulary, texts)], left_out


@contextmanager
def keys_as(key: str) -> Iterator[None]:
    """Problems with what was typed are those of a key, whatever verb they were written for."""
    try:
        yield
    except ConfigError as error:
        own = [replace(one, key=key) if one.key != "RUN" else one for one in error.problems]
        raise ConfigError(own) from error


def _problem_of(series: list[tuple[str, NewSeries]]) -> str:
    return next(f"{name}: {one.problem}" for name, one in series if one.past is None)


def _beyond_most(count: int) -> list[str]:
    reason = f"only the first {MOST} are explained"
    return [f"{count - MOST} inputs left out: {reason}"] if count > MOST else []


def baseline_of(batch: Tensor, preparation: Preparation) -> Tensor:
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
    prediction = prediction_words(run, int(told.targets[row]), float(told.outputs[row]))
    error = None if told.errors is None else float(told.errors[row])

    def of(parts: list[str], own: Tensor, shown: Tensor | None) -> ExplainedInput:
        return ExplainedInput(name, spec.kind, prediction, parts, own, shown, error)

    if isinstance(run.preparation, ImagePreparation):
        return of([], values.sum(0), pixels_of(given, run.preparation))
    if isinstance(run.preparation, TablePreparation):
        own = column_sums(run.preparation, values)
        return of(run.preparation.names, own, None)
    if isinstance(run.preparation, SeriesPreparation):
        layout, lags = run.preparation.layout, run.preparation.lags
        columns = [layout.target, *layout.features]
        parts = [f"{column}, {lags - lag} before" for lag in range(lags) for column in columns]
        return of(parts, values.flatten(), given[:, 0])
    return of(token_texts(run, given), values, None)


def pixels_of(given: Tensor, preparation: ImagePreparation) -> Tensor:
    """An input as pixels from 0 to 1 (height, width, channels)."""
    mean, std = (torch.tensor(one).view(-1, 1, 1) for one in (preparation.mean, preparation.std))
    return (given * std + mean).clamp(0, 1).permute(1, 2, 0)


def token_texts(run: LoadedRun, tokens: Tensor) -> list[str]:
    """The text of each token."""
    assert run.vocabulary is not None
    return [run.vocabulary.decode(tokens[place : place + 1]) for place in range(len(tokens))]


def prediction_words(run: LoadedRun, target: int, output: float) -> str:
    """A prediction in words.

    Args:
        run: What predicts.
        target: Class, or token.
        output: Number that is predicted, in its own unit.
    """
    spec = run.spec
    assert spec is not None
    if spec.task_name == "language_modeling" and run.vocabulary is not None:
        return f"next token {run.vocabulary.decode(torch.tensor([target]))!r}"
    if spec.task_name == "classification":
        return spec.class_names[target] if spec.class_names else f"class {target}"
    return f"{spec.target_name} {output:.4g}"
