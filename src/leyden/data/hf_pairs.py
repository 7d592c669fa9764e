"""Columns of a Hugging Face data set as pairs of an input and a target, for Leyden's networks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset as TorchDataset

from leyden.data.errors import DataError
from leyden.data.spec import DataKind, Spec
from leyden.data.split_names import SplitName

if TYPE_CHECKING:
    from datasets import Dataset

KINDS: dict[int, DataKind] = {1: "table", 2: "series", 3: "image"}
"""What a sample is by its number of dimensions."""

MOST_READ = 4096
"""The scale of the inputs is computed of less than twice as many training samples."""


@dataclass(frozen=True)
class Scale:
    """How numbers of the training split are scaled: (x - mean) / std."""

    mean: Tensor
    std: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        return (x - self.mean) / self.std


class Pairs(TorchDataset[tuple[Tensor, Tensor]]):
    """Samples of a split as pairs.

    Args:
        rows: Split.
        inputs: Columns that a network reads.
        target: Column that it predicts.
        codes: Code of each class; empty: the target is a number.
        spec: What a sample is.
        scale: Scale of the inputs.
    """

    def __init__(
        self,
        rows: "Dataset",
        inputs: Sequence[str],
        target: str,
        *,
        codes: Mapping[Any, int],
        spec: Spec,
        scale: Scale,
    ) -> None:
        self.rows = rows.select_columns([*inputs, target])
        self.inputs = list(inputs)
        self.target = target
        self.codes = dict(codes)
        self.spec = spec
        self.scale = scale

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        row = self.rows[index]
        x = self.scale(input_of(row, self.inputs))
        if tuple(x.shape) != self.spec.input_shape:
            shapes = f"{tuple(x.shape)}, the first of the training split {self.spec.input_shape}"
            raise DataError("inputs", f"sample {index} has the shape {shapes}; use one shape")
        value = row[self.target]
        if self.codes:
            if value not in self.codes:
                raise DataError("target", f"sample {index}: no training sample has {value!r}")
            return x, torch.tensor(self.codes[value])
        number = (float(value) - self.spec.target_mean) / self.spec.target_std
        return x, torch.tensor([number])


def pairs_of(
    chosen: "Mapping[SplitName, Dataset]", inputs: Sequence[str], target: str
) -> dict[str, Pairs]:
    """The splits as pairs; scales and classes are those of the training split.

    Raises:
        DataError: A column is missing, or holds what can't be a sample or a target.
    """
    train = chosen["train"]
    for key, names in (("inputs", inputs), ("target", [target])):
        for name in names:
            if name not in train.column_names:
                there = ", ".join(train.column_names)
                raise DataError(key, f"there is no column `{name}`; there is {there}")
    first = input_of(train[0], inputs)
    if first.ndim not in KINDS:
        raise DataError("inputs", f"a sample has {first.ndim} dimensions; it must have 1, 2 or 3")
    kind, shape = KINDS[first.ndim], tuple(first.shape)
    codes = codes_of(train, target)
    if codes:
        names = names_of(train, target, codes)
        found = Counter(train[target])
        counts = tuple(found[value] for value in codes)
        spec = Spec(kind, shape, len(codes), "classification", names, class_counts=counts)
    else:
        values = torch.tensor(numbers_of(train, target), dtype=torch.double)
        mean, std = float(values.mean()), float(values.std()) or 1.0
        spec = Spec(kind, shape, 1, "regression", target_mean=mean, target_std=std)
        spec = replace(spec, target_name=target)
    scale = scale_of(train, inputs)
    return {
        str(name): Pairs(part, inputs, target, codes=codes, spec=spec, scale=scale)
        for name, part in chosen.items()
    }


def input_of(row: Mapping[str, Any], names: Sequence[str]) -> Tensor:
    """A sample: an image as (channels, height, width) from 0 to 1, or numbers.

    Raises:
        DataError: It holds something else.
    """
    values = [row[name] for name in names]
    if len(values) == 1 and hasattr(values[0], "getbands"):
        image = values[0] if values[0].mode in ("L", "RGB") else values[0].convert("RGB")
        pixels = torch.from_numpy(np.array(image, dtype=np.float32) / 255)
        return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1)
    try:
        found = torch.tensor(values[0] if isinstance(values[0], list) else values)
    except (ValueError, TypeError, RuntimeError) as error:
        shown = str(dict(zip(names, values, strict=True)))[:80]
        raise DataError("inputs", f"must be numbers or an image, and a row has {shown}") from error
    if len(values) > 1 and found.ndim > 1:
        raise DataError("inputs", "several columns must hold a number each; name one column")
    if not found.float().isfinite().all():
        raise DataError("inputs", f"must be finite numbers, and a row has {values}"[:120])
    return found.float()


def codes_of(train: "Dataset", target: str) -> dict[Any, int]:
    """Code of each class; empty where the target is a number.

    Raises:
        DataError: The target is neither.
    """
    feature = train.features[target]
    if hasattr(feature, "names"):
        return {code: code for code in range(len(feature.names))}
    values = set(train.unique(target))
    if None in values or any(isinstance(value, float) and isnan(value) for value in values):
        raise DataError("target", f"some rows have no `{target}`; leave them out")
    if all(isinstance(value, float) for value in values):
        return {}
    if not all(isinstance(value, str | int) for value in values):
        raise DataError("target", f"`{target}` must hold classes or numbers")
    return {value: code for code, value in enumerate(sorted(values, key=_place))}


def _place(value: str | int) -> tuple[int, str]:
    return (value, "") if isinstance(value, int) else (0, value)


def names_of(train: "Dataset", target: str, codes: Mapping[Any, int]) -> tuple[str, ...]:
    """Names of the classes."""
    named = getattr(train.features[target], "names", None)
    return tuple(named) if named else tuple(str(value) for value in codes)


def numbers_of(train: "Dataset", target: str) -> list[float]:
    """The target of each training sample."""
    return [float(value) for value in train[target]]


def scale_of(train: "Dataset", inputs: Sequence[str]) -> Scale:
    """The scale of the inputs: of each channel of an image or a series, of each column of a table.

    Args:
        train: Training split; of a large one some samples, spread evenly, are read.
        inputs: Columns that a network reads.

    Raises:
        DataError: See `input_of`; or samples differ in shape.
    """
    step = max(1, len(train) // MOST_READ)
    read = [input_of(train[index], inputs) for index in range(0, len(train), step)]
    shapes = {tuple(one.shape) for one in read}
    if len(shapes) > 1:
        shown = " and ".join(map(str, sorted(shapes)[:2]))
        raise DataError("inputs", f"samples have the shapes {shown}; they must be of one")
    x = torch.stack(read).double()
    over = {2: (0,), 3: (0, 1), 4: (0, 2, 3)}[x.ndim]  # a channel of a series is its last dimension
    mean, std = x.mean(over, keepdim=True)[0], x.std(over, keepdim=True)[0]
    std[std == 0] = 1
    return Scale(mean.float(), std.float())
