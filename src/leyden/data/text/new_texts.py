"""Rows with a text that come after training, as a model's inputs."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import torch

from leyden.data.errors import DataError
from leyden.data.parsing.row_stream import RowBlock, read_blocks
from leyden.data.tables.new_cells import texts_or_values
from leyden.data.tables.new_rows import NewRows, lacking_words
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.vocabulary import Vocabulary
from leyden.tokenization.hugging_face import HuggingFace
from leyden.tokenization.sequences import encode_sequences


def read_new_texts(
    path: Path, preparation: LabelledTextPreparation, vocabulary: Vocabulary, *, size: int
) -> Iterator[NewRows]:
    """The texts of a file, some at a time; the column is found by its name.

    Args:
        path: Text, Parquet or NumPy file.
        preparation: What the run keeps of its column.
        vocabulary: Vocabulary of the run.
        size: Rows that are read together.

    Raises:
        DataError: It is no table, or lacks the column.
    """
    for block in read_blocks(path, preparation.format, size=size):
        yield new_texts(block, preparation, vocabulary)


def new_texts(
    block: RowBlock, preparation: LabelledTextPreparation, vocabulary: Vocabulary
) -> NewRows:
    """A block of rows as inputs; see `read_new_texts`."""
    name = preparation.text
    if name not in block.columns:
        raise DataError(None, lacking_words([name], block.columns))
    missing = preparation.format.missing_words
    texts, values = texts_or_values(block.columns[name], missing)
    if values is not None and values.isna().all():
        texts, values = [""] * len(values), None
    if values is not None:
        raise DataError(None, f"column `{name}` holds no texts, as it did in training")
    assert isinstance(vocabulary.tokenizer, HuggingFace)
    found = encode_sequences(
        vocabulary.tokenizer,
        texts,
        length=preparation.context,
        padding=preparation.padding,
        side=preparation.side,
    )
    problems = dict.fromkeys(found.empty, f"{name}: the tokenizer finds no token in it")
    for row, text in enumerate(texts):
        if not text or text in missing:
            problems[row] = f"{name} is missing"
    inputs = torch.from_numpy(found.tokens).long()
    return NewRows(block.first, inputs, {**problems, **block.uneven}, Counter(), block)
