"""The arrays of a NumPy file, and what their names say of images and labels."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from leyden.data.report import DataReport
from leyden.data.splitting import Part, part_of_name
from leyden.data.unreadable import Unreadable

Array = NDArray[Any]
Held = Literal["images", "labels"]

HELD: dict[str, Held] = {
    **dict.fromkeys(("x", "image", "images", "img", "imgs", "data", "pixels", "input"), "images"),
    **dict.fromkeys(("inputs", "features"), "images"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets", "class", "classes"), "labels"),
}
"""What arrays are called, in lower case."""


@dataclass
class Arrays:
    """The arrays of a file that are used.

    Attributes:
        images: By part; None: of a file without parts.
        labels: Likewise.
    """

    images: dict[Part | None, Array] = field(default_factory=dict)
    labels: dict[Part | None, Array] = field(default_factory=dict)


def read_arrays(path: Path, report: DataReport) -> Arrays:
    """The arrays of a file, by what their names say.

    Raises:
        Unreadable: It is no such file, or there are no images with classes to train on.
    """
    found = load_file(path)
    arrays, names, unused = Arrays(), dict[tuple[Part | None, Held], str](), list[str]()
    for name, array in found.items():
        meaning = meaning_of(name)
        if meaning is None:
            unused.append(f"{name} {array.shape}")
            continue
        if meaning in names:
            raise Unreadable("path", f"`{names[meaning]}` and `{name}` are both {meaning[1]}")
        names[meaning] = name
        (arrays.images if meaning[1] == "images" else arrays.labels)[meaning[0]] = array
    listed = ", ".join(f"{name} {array.shape}" for name, array in found.items())
    if not ({"train", None} & set(arrays.images)) or len({*arrays.images} & {"train", None}) == 2:
        raise Unreadable(
            "path",
            f"needs arrays `images` and `labels`, or `x_train`, `y_train`, ...; has {listed}",
        )
    if arrays.images.get("test") is not None and "test" not in arrays.labels:
        number = len(arrays.images.pop("test"))
        report.warnings.append(
            f"{number:,} test images have no labels: they are left out, and some of the training"
            " images take their place"
        )
    for part, images in arrays.images.items():
        of_part = f" of {part}" if part else ""
        if part not in arrays.labels:
            raise Unreadable("path", f"the images{of_part} have no labels; there are {listed}")
        if len(images) != len(arrays.labels[part]):
            counts = f"{len(images):,} images{of_part} and {len(arrays.labels[part]):,} labels"
            raise Unreadable("path", f"there are {counts}")
    unused += [f"labels of {part}" for part in arrays.labels if part not in arrays.images]
    arrays.labels = {part: arrays.labels[part] for part in arrays.images}
    if unused:
        report.notes.append(f"arrays not used: {', '.join(unused)}")
    return arrays


def load_file(path: Path) -> dict[str, Array]:
    """All arrays of a file; none that would run code."""
    if not path.is_file():
        raise Unreadable("path", "is not a file; a folder of images is read by data=image_folder")
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                message = (
                    "has one array; images need labels: np.savez(FILE, images=..., labels=...)"
                )
                raise Unreadable("path", message)
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        reason = " ".join(str(error).split())
        if "allow_pickle" in reason:
            reason = "it holds Python objects, which could run code; save arrays of numbers"
        raise Unreadable("path", f"can't be read as a NumPy file: {reason}") from error


def meaning_of(name: str) -> tuple[Part | None, Held] | None:
    """What the name of an array says: `train_images`, `yTest`, `X`, ...; None: nothing known."""
    joined = re.fullmatch("([xy])_?([a-z]+)", name, re.IGNORECASE)
    words = joined.groups() if joined else re.findall("[A-Z]?[a-z]+|[A-Z]+", name)
    parts = [part for word in words if (part := part_of_name(word))]
    held = [HELD[word.lower()] for word in words if word.lower() in HELD]
    if len(parts) > 1 or not held or len(parts) + len(held) < len(words):
        return None
    return (parts[0] if parts else None), held[-1]
