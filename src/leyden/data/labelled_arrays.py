"""Samples and their classes in the arrays of a NumPy file, by what their names say."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.array_file import load_arrays
from leyden.data.report import DataReport
from leyden.data.splitting import Part, part_of_name
from leyden.data.unreadable import Unreadable

Array = NDArray[Any]
Labels = Int[Tensor, " _"]
Held = Literal["samples", "labels"]

HELD: dict[str, Held] = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data", "pixels", "input"), "samples"),
    **dict.fromkeys(("inputs", "features", "series", "signal", "signals"), "samples"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets", "class", "classes"), "labels"),
}
"""What arrays are called, in lower case."""


@dataclass
class Arrays:
    """The arrays of a file that are used.

    Attributes:
        samples: By part; None: of a file without parts.
        labels: Likewise.
    """

    samples: dict[Part | None, Array] = field(default_factory=dict)
    labels: dict[Part | None, Array] = field(default_factory=dict)


def read_arrays(path: Path, report: DataReport, *, what: str) -> Arrays:
    """The arrays of a file, by what their names say.

    Args:
        path: The file.
        report: It is told what is not used.
        what: The samples: images, or series.

    Raises:
        Unreadable: It is no such file, or there are no samples with classes to train on.
    """
    found = load_file(path, what)
    arrays, names, unused = Arrays(), dict[tuple[Part | None, Held], str](), list[str]()
    for name, array in found.items():
        meaning = meaning_of(name)
        if meaning is None:
            unused.append(f"{name} {array.shape}")
            continue
        if meaning in names:
            raise Unreadable("path", f"`{names[meaning]}` and `{name}` are both {meaning[1]}")
        names[meaning] = name
        (arrays.samples if meaning[1] == "samples" else arrays.labels)[meaning[0]] = array
    listed = ", ".join(f"{name} {array.shape}" for name, array in found.items())
    if not ({"train", None} & set(arrays.samples)) or len({*arrays.samples} & {"train", None}) == 2:
        raise Unreadable(
            "path",
            f"needs arrays `{what}` and `labels`, or `x_train`, `y_train`, ...; has {listed}",
        )
    if arrays.samples.get("test") is not None and "test" not in arrays.labels:
        number = len(arrays.samples.pop("test"))
        report.warnings.append(
            f"{number:,} test {what} have no labels: they are left out, and some of the training"
            f" {what} take their place"
        )
    for part, samples in arrays.samples.items():
        of_part = f" of {part}" if part else ""
        if part not in arrays.labels:
            raise Unreadable("path", f"the {what}{of_part} have no labels; there are {listed}")
        if len(samples) != len(arrays.labels[part]):
            counts = f"{len(samples):,} {what}{of_part} and {len(arrays.labels[part]):,} labels"
            raise Unreadable("path", f"there are {counts}")
    unused += [f"labels of {part}" for part in arrays.labels if part not in arrays.samples]
    arrays.labels = {part: arrays.labels[part] for part in arrays.samples}
    if unused:
        report.notes.append(f"arrays not used: {', '.join(unused)}")
    return arrays


def load_file(path: Path, what: str) -> dict[str, Array]:
    """All arrays of a file, by their names."""
    if not path.is_file():
        raise Unreadable("path", "is not a file of NumPy")
    found = load_arrays(path)
    if "" in found:
        raise Unreadable("path", f"has one array; {what} need labels: np.savez(FILE, x=..., y=...)")
    return found


def meaning_of(name: str) -> tuple[Part | None, Held] | None:
    """What the name of an array says: `train_images`, `yTest`, `X`, ...; None: nothing known."""
    joined = re.fullmatch("([xy])_?([a-z]+)", name, re.IGNORECASE)
    words = joined.groups() if joined else re.findall("[A-Z]?[a-z]+|[A-Z]+", name)
    parts = [part for word in words if (part := part_of_name(word))]
    held = [HELD[word.lower()] for word in words if word.lower() in HELD]
    if len(parts) > 1 or not held or len(parts) + len(held) < len(words):
        return None
    return (parts[0] if parts else None), held[-1]


def classes_of(
    labels: Mapping[Part | None, Array],
) -> "tuple[tuple[str, ...], dict[Part | None, Labels]]":
    """Names of the classes of the training part, and the codes of all labels.

    Raises:
        Unreadable: They are no classes, or a part has one that is not trained.
    """
    flat = {part: flat_labels(array) for part, array in labels.items()}
    known = np.unique(flat["train" if "train" in flat else None])
    if len(known) < 2:
        raise Unreadable("path", f"the labels name {len(known)} classes; there must be two or more")
    codes: dict[Part | None, Labels] = {}
    for part, values in flat.items():
        other = np.setdiff1d(values, known)
        if len(other):
            raise Unreadable("path", f"{part} has a class `{other[0]}`, which is not in train")
        codes[part] = torch.from_numpy(np.searchsorted(known, values))
    return tuple(str(one) for one in known), codes


def flat_labels(array: Array) -> Array:
    """One label a sample: numbers, words, or columns of which one is 1.

    Raises:
        Unreadable: They are something else.
    """
    if array.ndim == 2 and array.shape[1] > 1:
        if not (np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all()):
            message = f"the labels are {array.shape}: several a sample, where one is expected"
            raise Unreadable("path", message)
        return np.asarray(array.argmax(axis=1))
    values = array.reshape(len(array), -1)
    if values.shape[1] != 1:
        raise Unreadable("path", f"the labels are {array.shape}: one a sample is expected")
    if values.dtype.kind == "f" and not (values == np.floor(values)).all():
        raise Unreadable("path", "the labels are numbers with fractions, no classes")
    flat = values[:, 0]
    return flat.astype(np.int64) if flat.dtype.kind in "buif" else flat
