"""What a run keeps of its data in its folder: new inputs are read by it, the data may be gone."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cattrs.strategies import configure_tagged_union
from pytorch_lightning import LightningDataModule

from leyden.data import DataError, DataModule, Spec
from leyden.data.preparation import Preparation
from leyden.data.tables.encoders import Encoder
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.run.kept_file import CONVERTER, read_kept, write_kept

NAME = "preparation.json"
TOKENIZER = "tokenizer"
"""Folder beside it, with what `load_vocabulary` reads."""

KINDS = cast(type[Preparation], Preparation)
for union in (Encoder, Preparation):
    configure_tagged_union(union, CONVERTER, tag_name="type")
# A union with None is another union to cattrs.
CONVERTER.register_structure_hook(
    Preparation | None,
    lambda value, _: None if value is None else CONVERTER.structure(value, KINDS),
)
CONVERTER.register_unstructure_hook(
    Preparation | None,
    lambda value: None if value is None else CONVERTER.unstructure(value, Preparation),
)


@dataclass(frozen=True)
class KeptPreparation:
    """What the file holds.

    Attributes:
        spec: Spec of the data.
        preparation: How inputs are made; None: the data set does not say it.
        schema: Version of the file's form.
    """

    spec: Spec
    preparation: Preparation | None
    schema: int = 1


@dataclass(frozen=True)
class Prepared:
    """What samples are, and how they are made of what is read.

    Attributes:
        spec: Spec of the data.
        preparation: How inputs are made; None: the data set does not say it.
        vocabulary: Vocabulary of text; None of other data.
    """

    spec: Spec
    preparation: Preparation | None
    vocabulary: Vocabulary | None = None

    @property
    def predicts_tokens(self) -> bool:
        """Whether the next token of text is predicted, and tokens can be turned into text."""
        return self.vocabulary is not None and self.spec.task_name == "language_modeling"


def prepared_of(data: LightningDataModule) -> Prepared | None:
    """What a data set says of itself; None: nothing, or random samples stand in for it."""
    if not isinstance(data, DataModule) or data.is_synthetic or not data.is_readable:
        return None
    try:
        vocabulary = getattr(data, "vocabulary", None)
    except DataError:  # tokens whose tokenizer was not kept
        vocabulary = None
    return Prepared(data.spec, data.splits.preparation, vocabulary)


def write_preparation(folder: Path, data: LightningDataModule) -> None:
    """Writes what `read_preparation` reads, if the data set says it."""
    found = prepared_of(data)
    if found is None:
        return
    if found.vocabulary is not None:
        (folder / TOKENIZER).mkdir(exist_ok=True)
        found.vocabulary.save(folder / TOKENIZER)
    write_kept(folder / NAME, KeptPreparation(found.spec, found.preparation))


def read_preparation(folder: Path) -> Prepared | None:
    """What a run kept of its data; None: it is of an earlier version, or keeps nothing.

    Raises:
        ConfigError: The file is damaged.
    """
    kept = read_kept(folder / NAME, KeptPreparation)
    if kept is None:
        return None
    is_text = (folder / TOKENIZER).is_dir()
    vocabulary = load_vocabulary(folder / TOKENIZER) if is_text else None
    return Prepared(kept.spec, kept.preparation, vocabulary)
