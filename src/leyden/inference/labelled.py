"""Inputs with their answers that come after training: what `leyden eval --on` tests on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from leyden.data import DataError, DataModule, DataSplits, Spec
from leyden.data.batches import Batch, BatchedDataset, BatchIndices
from leyden.data.images.preparation import ImagePreparation
from leyden.data.parsing.cells import DistinctCells
from leyden.data.parsing.number_format import NumberFormat
from leyden.data.parsing.numpy_file import ENDINGS
from leyden.data.report import DataReport
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.series.series_reader import SeriesReader
from leyden.data.series.windows import Windows, window_places
from leyden.data.tables.encoders import NumberEncoder, Scaling
from leyden.data.tables.new_cells import read_column
from leyden.data.tables.new_rows import NewRows, lacking_words
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.data.text.windows import TokenWindows, bytes_per_target
from leyden.errors import ConfigError, Problem
from leyden.inference.inputs import find_files, read_inputs
from leyden.run.preparation import Prepared

BATCH = 1024
AS_IT_IS = Scaling(filling=None, mean=0.0, std=1.0, has_indicator=False)


@dataclass(frozen=True)
class Given:
    """Inputs in memory, of any shape, with their answers.

    Attributes:
        inputs: As the model takes them.
        targets: Classes, or scaled numbers.
        names: File and row of each.
    """

    inputs: Tensor
    targets: Tensor
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, batch: BatchIndices) -> Batch:
        return self.inputs[batch.index], self.targets[batch.index]


class LabelledInputs(DataModule):
    """A data set whose parts are all the same: the inputs of some files.

    Args:
        part: The inputs and their answers.
        spec: Spec of the run's own data.
    """

    def __init__(self, part: BatchedDataset, spec: Spec) -> None:
        super().__init__(batch_size=1)
        self.kind = spec.kind  # type: ignore[misc]
        self.part = part
        self.given_spec = replace(spec, class_counts=())

    def load(self) -> DataSplits:
        return DataSplits(self.given_spec, self.part, self.part, self.part)


def labelled_inputs(prepared: Prepared, given: Sequence[str]) -> tuple[LabelledInputs, list[str]]:
    """The inputs of files as a data set, and what a user should know of them.

    Args:
        prepared: What the run keeps of its own data.
        given: Files, folders and patterns: rows with the target, a folder with a folder for each
            class, series, texts.

    Raises:
        ConfigError: An input or an answer can't be read.
    """
    files, spec, preparation = find_files(given), prepared.spec, prepared.preparation
    try:
        if isinstance(preparation, TablePreparation | LabelledTextPreparation):
            part, notes = _table(files, spec, preparation, prepared.vocabulary)
            return LabelledInputs(part, spec), notes
        if isinstance(preparation, ImagePreparation):
            return LabelledInputs(_images(files, spec, preparation), spec), []
        if isinstance(preparation, SeriesPreparation):
            return LabelledInputs(_series(files, preparation), spec), []
        if prepared.vocabulary is not None and spec.task_name == "language_modeling":
            return _text(files, spec, prepared.vocabulary), []
    except DataError as error:
        raise ConfigError([Problem("--on", str(error), str(files[0]))]) from error
    message = "keeps nothing by which new inputs could be read: its data set does not say it"
    raise ConfigError([Problem("RUN", message)])


def _table(
    files: Sequence[Path],
    spec: Spec,
    preparation: TablePreparation | LabelledTextPreparation,
    vocabulary: Vocabulary | None,
) -> tuple["Given", list[str]]:
    inputs, answers, names, without = list[Tensor](), list[Tensor](), list[str](), 0
    read = read_inputs(files, preparation, size=BATCH, may_lack=False, vocabulary=vocabulary)
    for batch in read:
        assert batch.cells is not None
        if batch.problems:
            place, problem = min(batch.problems.items())
            message = f"row {batch.rows[place]:,}: {problem}"
            raise ConfigError([Problem("--on", message, str(batch.files[place]))])
        targets, known = _targets(batch.cells, spec, preparation, batch.files[0])
        without += int((~known).sum())
        inputs.append(batch.inputs[known])
        answers.append(targets[known])
        names += [
            f"{batch.files[place].name} row {batch.rows[place]}"
            for place in known.nonzero().flatten().tolist()
        ]
    if not sum(map(len, answers)):
        raise ConfigError([Problem("--on", "has no row with an answer", str(files[0]))])
    notes = [f"{without:,} rows without {preparation.target} left out"] if without else []
    return Given(torch.cat(inputs), torch.cat(answers), names), notes


def _targets(
    rows: NewRows,
    spec: Spec,
    preparation: TablePreparation | LabelledTextPreparation,
    file: Path,
) -> tuple[Tensor, Tensor]:
    """The answers of rows as a model learns them, and which rows have one."""
    name = preparation.target
    if name not in rows.block.columns:
        raise DataError(None, lacking_words([name], rows.block.columns))
    cells = rows.block.columns[name]
    if spec.task_name == "classification":
        texts = [str(cell).strip() if cell is not None and cell == cell else "" for cell in cells]
        return _classes(rows, texts, spec, preparation, file)
    assert isinstance(preparation, TablePreparation)
    encoder = NumberEncoder(name=name, scaling=AS_IT_IS, unit=preparation.target_unit)
    column = read_column(encoder, cells, preparation)
    known = torch.tensor(column.values.notna().to_numpy())
    wrong = [row for row, problem in column.problems.items() if not problem.endswith("is missing")]
    if wrong:
        message = f"row {rows.first + wrong[0]:,}: {column.problems[wrong[0]]}"
        raise ConfigError([Problem("--on", message, str(file))])
    numbers = torch.tensor(column.values.to_numpy(dtype="float64"))
    return ((numbers - spec.target_mean) / spec.target_std).float()[:, None], known


def _classes(
    rows: NewRows,
    texts: list[str],
    spec: Spec,
    preparation: TablePreparation | LabelledTextPreparation,
    file: Path,
) -> tuple[Tensor, Tensor]:
    names = spec.class_names or tuple(map(str, range(spec.num_outputs)))
    codes = {name: code for code, name in enumerate(names)}
    form = NumberFormat(preparation.format.decimal, preparation.format.thousands)
    distinct = DistinctCells.of(texts, form, preparation.format.missing_words)
    of_text = {text: codes[text] for text in distinct.counts if text in codes}
    for text, number in distinct.numbers.items():
        if text not in of_text and f"{number:g}" in codes:
            of_text[text] = codes[f"{number:g}"]
    absent = distinct.missing - of_text.keys()
    for row, text in enumerate(texts):
        if text not in of_text and text not in absent:
            listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
            message = (
                f"row {rows.first + row:,}: {preparation.target}: `{text}` is none of {listed}"
            )
            raise ConfigError([Problem("--on", message, str(file))])
    known = torch.tensor([text in of_text for text in texts])
    return torch.tensor([of_text.get(text, 0) for text in texts]), known


def _images(files: Sequence[Path], spec: Spec, preparation: ImagePreparation) -> "Given":
    codes = {name: code for code, name in enumerate(spec.class_names)}
    for file in files:
        if file.parent.name not in codes:
            listed = ", ".join(spec.class_names[:6])
            message = f"must lie in a folder with the name of its class: {listed}"
            raise ConfigError([Problem("--on", message, str(file))])
    pixels, labels, names = list[Tensor](), list[int](), list[str]()
    for batch in read_inputs(files, preparation, size=BATCH, may_lack=False):
        if batch.problems:
            place, problem = min(batch.problems.items())
            raise ConfigError([Problem("--on", problem, str(batch.files[place]))])
        pixels.append(batch.inputs)
        labels += [codes[file.parent.name] for file in batch.files]
        for file, row in zip(batch.files, batch.rows, strict=True):
            of_array = f" row {row}" if file.suffix.lower() in ENDINGS else ""
            names.append(f"{file.parent.name}/{file.name}{of_array}")
    return Given(torch.cat(pixels), torch.tensor(labels), names)


def _series(files: Sequence[Path], preparation: SeriesPreparation) -> Windows:
    mean, std = torch.tensor(preparation.mean), torch.tensor(preparation.std)
    values, firsts, begin = list[Tensor](), list[Tensor](), 0
    for file in files:
        for read in SeriesReader(preparation.layout).read(str(file), DataReport()):
            one = read.series
            places = window_places(
                0,
                len(one.values),
                preparation.lags,
                preparation.horizon,
                is_seen=~one.holes,
                is_target=one.measured[:, 0],
            )
            values.append(((one.values - mean) / std).float())
            firsts.append(begin + places)
            begin += len(one.values)
    windows = Windows(torch.cat(values), torch.cat(firsts), preparation.lags, preparation.horizon)
    if len(windows) < 2:
        message = f"has too few times for windows of {preparation.lags} and what follows them"
        raise ConfigError([Problem("--on", message, str(files[0]))])
    return windows


def _text(files: Sequence[Path], spec: Spec, vocabulary: Vocabulary) -> LabelledInputs:
    text = "".join(_texts(files))
    tokens = vocabulary.encode(text)
    if len(tokens) < 2:
        raise ConfigError([Problem("--on", "has too little text", str(files[0]))])
    num_bytes = len(text.encode()) - vocabulary.bytes_of_first(text)
    own = {**spec.bytes_per_token, "test": bytes_per_target(num_bytes, len(tokens))}
    part = TokenWindows(tokens, context=spec.input_shape[0], is_whole=True)
    return LabelledInputs(part, replace(spec, bytes_per_token=own))


def _texts(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        try:
            yield file.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            message = f"is not in UTF-8: byte {error.start:,}"
            raise ConfigError([Problem("--on", message, str(file))]) from error
