"""What a model is asked about: files, folders and patterns, read as the run's own data was."""

import glob
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from leyden.data import DataError
from leyden.data.images.new_images import pixel_batches, read_arrays, read_image
from leyden.data.images.preparation import ImagePreparation
from leyden.data.parsing.numpy_file import ENDINGS
from leyden.data.parsing.row_stream import RowBlock
from leyden.data.preparation import Preparation
from leyden.data.tables.new_rows import NewRows, new_rows, read_new_rows
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.new_texts import new_texts, read_new_texts
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.errors import ConfigError, Problem
from leyden.files.walk import visible_files

MOST_TEXTS = 64
"""Texts that are computed together: a transformer keeps much of each."""


@dataclass(frozen=True)
class InputBatch:
    """Some inputs of one kind.

    Attributes:
        files: File that each comes from.
        rows: Number of each in its file, from 1.
        inputs: Tensor of the inputs that can be read, in order.
        problems: What is wrong with the others, by place in `rows`, from 0.
        filled: Missing numbers that were filled, by column.
        cells: The rows of a table, as they were read; None of others.
    """

    files: Sequence[Path]
    rows: Sequence[int]
    inputs: Tensor
    problems: dict[int, str] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    cells: NewRows | None = None


def find_files(given: Sequence[str]) -> list[Path]:
    """The files that are meant by files, folders and patterns, in order.

    Raises:
        ConfigError: There are none.
    """
    found: list[Path] = []
    for text in given:
        path = Path(text).expanduser()
        if path.is_dir():
            own = list(visible_files(path))
        elif path.exists():
            own = [path]
        else:
            own = [Path(one) for one in sorted(glob.glob(str(path), recursive=True))]
            own = [one for one in own if one.is_file()]
        if not own:
            what = "has no files" if path.is_dir() else "there is no such file"
            raise ConfigError([Problem("INPUT", what, text)])
        found += own
    return found


def read_inputs(
    files: Sequence[Path],
    preparation: Preparation,
    *,
    size: int,
    may_lack: bool,
    vocabulary: Vocabulary | None = None,
) -> Iterator[InputBatch]:
    """Batches of inputs.

    Args:
        files: Files with them.
        preparation: How the run's own data was read.
        size: Most inputs of a batch.
        may_lack: Whether a table may lack columns, whose cells then count as missing.
        vocabulary: Vocabulary of the run's texts.

    Raises:
        ConfigError: A file can't be read at all; an image that can't is a problem of its own.
    """
    if isinstance(preparation, TablePreparation):
        for file in files:
            yield from _rows(file, read_new_rows(file, preparation, size=size, may_lack=may_lack))
    elif isinstance(preparation, LabelledTextPreparation) and vocabulary is not None:
        few = min(size, MOST_TEXTS)
        for file in files:
            yield from _rows(file, read_new_texts(file, preparation, vocabulary, size=few))
    elif isinstance(preparation, ImagePreparation):
        yield from _images(files, preparation, size)
    else:
        message = "is of text; `leyden generate` writes on"
        raise ConfigError([Problem("RUN", message)])


def _rows(file: Path, blocks: Iterator[NewRows]) -> Iterator[InputBatch]:
    try:
        for block in blocks:
            yield _row_batch(file, block)
    except DataError as error:
        raise ConfigError([Problem("INPUT", str(error), str(file))]) from error


def _row_batch(file: Path, block: NewRows) -> InputBatch:
    count = len(block.block)
    sound = [row for row in range(count) if row not in block.problems]
    return InputBatch(
        [file] * count,
        range(block.first, block.first + count),
        block.inputs[sound],
        block.problems,
        block.filled,
        block,
    )


def _images(
    files: Sequence[Path], preparation: ImagePreparation, size: int
) -> Iterator[InputBatch]:
    """Images of files, and arrays of them, in order; files are put together to batches."""
    for are_arrays, group in groupby(files, lambda file: file.suffix.lower() in ENDINGS):
        if are_arrays:
            for file in group:
                yield from _arrays(file, preparation, size)
        else:
            for some in _batches(group, size):
                yield _image_batch(some, preparation)


def _batches(files: Iterable[Path], size: int) -> Iterator[list[Path]]:
    remaining = iter(files)
    while some := list(islice(remaining, size)):
        yield some


def _image_batch(files: Sequence[Path], preparation: ImagePreparation) -> InputBatch:
    pixels, problems = [], dict[int, str]()
    for place, file in enumerate(files):
        try:
            pixels.append(read_image(file, preparation).float())
        except DataError as error:
            problems[place] = str(error)
    stacked = torch.stack(pixels) if pixels else torch.empty(0, *preparation.shape)
    return InputBatch(files, [1] * len(files), preparation.inputs(stacked), problems)


def _arrays(file: Path, preparation: ImagePreparation, size: int) -> Iterator[InputBatch]:
    first = 1
    try:
        for pixels in read_arrays(file, preparation, size=size):
            rows = range(first, first + len(pixels))
            yield InputBatch([file] * len(rows), rows, preparation.inputs(pixels))
            first += len(pixels)
    except DataError as error:
        raise ConfigError([Problem("INPUT", str(error), str(file))]) from error


IN_MEMORY = Path("inputs")
"""What messages call values that come from no file."""


def batches_of_values(
    values: Any,
    preparation: Preparation,
    size: int,
    may_lack: bool,
    vocabulary: Vocabulary | None = None,
) -> Iterator[InputBatch]:
    """Batches of rows of a DataFrame, or of images in an array.

    Raises:
        ConfigError: They are not what the run was trained on.
    """
    try:
        if isinstance(preparation, TablePreparation) and isinstance(values, pd.DataFrame):
            for block in _blocks_of(values, size):
                yield _row_batch(IN_MEMORY, new_rows(block, preparation, may_lack=may_lack))
        elif isinstance(preparation, LabelledTextPreparation) and isinstance(values, pd.DataFrame):
            assert vocabulary is not None
            for block in _blocks_of(values, min(size, MOST_TEXTS)):
                yield _row_batch(IN_MEMORY, new_texts(block, preparation, vocabulary))
        elif isinstance(preparation, ImagePreparation) and hasattr(values, "__array__"):
            for pixels in pixel_batches(np.asarray(values), preparation, size=size):
                rows = range(1, len(pixels) + 1)
                yield InputBatch([IN_MEMORY] * len(rows), rows, preparation.inputs(pixels))
        else:
            has_rows = isinstance(preparation, TablePreparation | LabelledTextPreparation)
            wanted = "a DataFrame" if has_rows else "an array"
            message = f"are a {type(values).__name__}; the run takes {wanted}, or paths"
            raise ConfigError([Problem("inputs", message)])
    except DataError as error:
        raise ConfigError([Problem("inputs", str(error))]) from error


def _blocks_of(values: pd.DataFrame, size: int) -> Iterator[RowBlock]:
    for first in range(0, len(values), size):
        some = values.iloc[first : first + size].reset_index(drop=True)
        columns = {str(name): column.rename(str(name)) for name, column in some.items()}
        yield RowBlock(first + 1, columns, {})
