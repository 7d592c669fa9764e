"""What a run keeps of its data in its folder: new inputs are read by it, the data may be gone."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cattrs.errors import CattrsError
from cattrs.preconf.json import make_converter
from cattrs.strategies import configure_tagged_union
from pytorch_lightning import LightningDataModule

from leyden.data import DataError, DataModule, Spec
from leyden.data.preparation import Preparation
from leyden.data.tables.encoders import Encoder
from leyden.data.text.vocabulary import Vocabulary, load_vocabulary
from leyden.errors import ConfigError, Problem
from leyden.files.atomic import write_atomically
from leyden.files.json_file import read_json

NAME = "preparation.json"
TOKENIZER = "tokenizer"
"""Folder beside it, with what `load_vocabulary` reads."""

CONVERTER = make_converter(forbid_extra_keys=True)
for union in (Encoder, Preparation):
    configure_tagged_union(union, CONVERTER, tag_name="type")

KINDS = cast(type[Preparation], Preparation)


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
    content = {
        "schema": 1,
        "spec": CONVERTER.unstructure(found.spec),
        "preparation": None
        if found.preparation is None
        else CONVERTER.unstructure(found.preparation, Preparation),
    }
    if found.vocabulary is not None:
        (folder / TOKENIZER).mkdir(exist_ok=True)
        found.vocabulary.save(folder / TOKENIZER)
    write_atomically(folder / NAME, json.dumps(content, indent=1) + "\n")


def read_preparation(folder: Path) -> Prepared | None:
    """What a run kept of its data; None: it is of an earlier version, or keeps nothing.

    Raises:
        ConfigError: The file is damaged.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        content = read_json(path)
        spec = CONVERTER.structure(content["spec"], Spec)
        told = content["preparation"]
        preparation = None if told is None else CONVERTER.structure(told, KINDS)
    except (OSError, ValueError, KeyError, TypeError, CattrsError) as error:
        message = f"is damaged ({type(error).__name__})"
        raise ConfigError([Problem(NAME, message, str(folder))]) from error
    is_text = (folder / TOKENIZER).is_dir()
    return Prepared(spec, preparation, load_vocabulary(folder / TOKENIZER) if is_text else None)
