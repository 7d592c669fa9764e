"""The arrays of a NumPy file, and which of them are samples and their classes."""

import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Int
from numpy.typing import NDArray
from torch import Tensor

from leyden.data.errors import DataError
from leyden.data.parsing.file_formats import MOST_BYTES
from leyden.data.report import DataReport
from leyden.data.split_names import SplitName, split_named

Array = NDArray[Any]
Labels = Int[Tensor, " _"]
ArrayRole = Literal["samples", "labels"]

ARRAY_NAMES: dict[str, ArrayRole] = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data", "pixels", "input"), "samples"),
    **dict.fromkeys(("inputs", "features", "series", "signal", "signals"), "samples"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets", "class", "classes"), "labels"),
}
"""Names of arrays, in lower case, and what they hold."""


@dataclass
class LabelledArrays:
    """The arrays of a file that are used.

    Attributes:
        samples: Samples by part; the part is None in a file without parts.
        labels: Labels by part, as for the samples.
    """

    samples: dict[SplitName | None, Array] = field(default_factory=dict)
    labels: dict[SplitName | None, Array] = field(default_factory=dict)


def read_labelled_arrays(path: Path, report: DataReport, *, what: str) -> LabelledArrays:
    """The samples and labels of a file, by the names of its arrays.

    Args:
        path: Path of the file.
        report: Report that is told what is not used.
        what: Name of the samples: images, or series.

    Raises:
        DataError: It is no such file, or there are no samples with classes to train on.
    """
    found = load_file(path, what)
    arrays, names, unused = (
        LabelledArrays(),
        dict[tuple[SplitName | None, ArrayRole], str](),
        list[str](),
    )
    for name, array in found.items():
        meaning = array_role(name)
        if meaning is None:
            unused.append(f"{name} {array.shape}")
            continue
        if meaning in names:
            raise DataError("path", f"`{names[meaning]}` and `{name}` are both {meaning[1]}")
        names[meaning] = name
        (arrays.samples if meaning[1] == "samples" else arrays.labels)[meaning[0]] = array
    listed = ", ".join(f"{name} {array.shape}" for name, array in found.items())
    if not ({"train", None} & set(arrays.samples)) or len({*arrays.samples} & {"train", None}) == 2:
        raise DataError(
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
            raise DataError("path", f"the {what}{of_part} have no labels; there are {listed}")
        if len(samples) != len(arrays.labels[part]):
            counts = f"{len(samples):,} {what}{of_part} and {len(arrays.labels[part]):,} labels"
            raise DataError("path", f"there are {counts}")
    unused += [f"labels of {part}" for part in arrays.labels if part not in arrays.samples]
    arrays.labels = {part: arrays.labels[part] for part in arrays.samples}
    if unused:
        report.notes.append(f"arrays not used: {', '.join(unused)}")
    return arrays


def load_file(path: Path, what: str) -> dict[str, Array]:
    """All arrays of a file, by their names."""
    if not path.is_file():
        raise DataError("path", "is not a file of NumPy")
    found = load_arrays(path)
    if "" in found:
        raise DataError("path", f"has one array; {what} need labels: np.savez(FILE, x=..., y=...)")
    return found


def array_role(name: str) -> tuple[SplitName | None, ArrayRole] | None:
    """Split and role that the name of an array gives, such as `train_images`; None: none."""
    joined = re.fullmatch("([xy])_?([a-z]+)", name, re.IGNORECASE)
    words = joined.groups() if joined else re.findall("[A-Z]?[a-z]+|[A-Z]+", name)
    parts = [part for word in words if (part := split_named(word))]
    held = [ARRAY_NAMES[word.lower()] for word in words if word.lower() in ARRAY_NAMES]
    if len(parts) > 1 or not held or len(parts) + len(held) < len(words):
        return None
    return (parts[0] if parts else None), held[-1]


def encode_labels(
    labels: Mapping[SplitName | None, Array],
) -> "tuple[tuple[str, ...], dict[SplitName | None, Labels]]":
    """Names of the classes of the training part, and the codes of all labels.

    Raises:
        DataError: They are no classes, or a part has one that is not trained.
    """
    flat = {part: flat_labels(array) for part, array in labels.items()}
    known = np.unique(flat["train" if "train" in flat else None])
    if len(known) < 2:
        raise DataError("path", f"the labels name {len(known)} classes; there must be two or more")
    codes: dict[SplitName | None, Labels] = {}
    for part, values in flat.items():
        other = np.setdiff1d(values, known)
        if len(other):
            raise DataError("path", f"{part} has a class `{other[0]}`, which is not in train")
        codes[part] = torch.from_numpy(np.searchsorted(known, values))
    return tuple(str(one) for one in known), codes


def flat_labels(array: Array) -> Array:
    """One label a sample: numbers, words, or columns of which one is 1.

    Raises:
        DataError: They are something else.
    """
    if array.ndim == 2 and array.shape[1] > 1:
        if not (np.isin(array, (0, 1)).all() and (array.sum(axis=1) == 1).all()):
            message = f"the labels are {array.shape}: several a sample, where one is expected"
            raise DataError("path", message)
        return np.asarray(array.argmax(axis=1))
    values = array.reshape(len(array), -1)
    if values.shape[1] != 1:
        raise DataError("path", f"the labels are {array.shape}: one a sample is expected")
    if values.dtype.kind == "f" and not (values == np.floor(values)).all():
        raise DataError("path", "the labels are numbers with fractions, no classes")
    flat = values[:, 0]
    return flat.astype(np.int64) if flat.dtype.kind in "buif" else flat


NPY = b"\x93NUMPY"
"""What files of one array begin with; those of several are zip archives."""

ENDINGS = (".npy", ".npz")


def load_arrays(file: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a file; one that is alone in its file has no name.

    Raises:
        DataError: It is damaged, unpacks to too much, or would run code.
    """
    try:
        return _arrays(file)
    except DataError:
        raise
    except Exception as error:  # a changed byte makes numpy and zipfile raise nearly anything
        if "allow_pickle" in str(error):
            message = "holds Python objects, which could run code; save arrays of numbers or text"
            raise DataError("path", message) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError("path", f"can't be read as a file of NumPy: {reason}") from error


def _arrays(file: Path) -> dict[str, NDArray[Any]]:
    with file.open("rb") as opened:
        if opened.read(len(NPY)) == NPY:
            _require_size(file, file.stat().st_size)
            return {"": np.load(file, allow_pickle=False)}
    with zipfile.ZipFile(file) as archive:
        if sum(one.file_size for one in archive.infolist()) > MOST_BYTES:
            most = MOST_BYTES // 2**30
            raise DataError("path", f"unpacks to more than {most} GiB; save it unpacked")
        for one in archive.infolist():
            with archive.open(one) as member:
                _require_header(member, one.file_size)
    with np.load(file, allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def _require_size(file: Path, size: int) -> None:
    with file.open("rb") as opened:
        _require_header(opened, size)


def _require_header(opened: Any, size: int) -> None:
    """Raises `ValueError` for an array that claims to be larger than its file."""
    version = np.lib.format.read_magic(opened)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, _, dtype = read(opened)
    if not dtype.hasobject and math.prod(shape) * dtype.itemsize > size:
        raise ValueError(f"an array of shape {shape} is cut off")
