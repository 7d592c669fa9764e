"""Requests in JSON as a model's inputs, and what is wrong with them."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from math import isfinite
from typing import Any

import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from leyden.data import DataError
from leyden.data.images.formats import signed_formats, without_warnings
from leyden.data.images.new_images import decoder_of
from leyden.data.images.preparation import ImagePreparation
from leyden.data.parsing.row_stream import RowBlock
from leyden.data.preparation import Preparation
from leyden.data.series.preparation import SeriesPreparation
from leyden.data.tables.new_rows import NewRows, new_rows
from leyden.data.tables.preparation import TablePreparation
from leyden.data.text.new_texts import new_texts
from leyden.data.text.preparation import LabelledTextPreparation
from leyden.data.text.vocabulary import Vocabulary

MOST_INPUTS = 1024
"""Inputs of one request."""


class Refused(Exception):
    """A request that can't be answered, and why."""


@dataclass(frozen=True)
class Inputs:
    """Inputs of a network.

    Attributes:
        tensor: A row for each input.
        filled: Missing numbers that were filled as in training, by column.
    """

    tensor: Tensor
    filled: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Series:
    """A series that is to be continued.

    Attributes:
        frame: Its rows.
        horizon: Number of steps; None: those that the model gives at once.
    """

    frame: pd.DataFrame
    horizon: int | None


def inputs_of_request(
    payload: Any, preparation: Preparation, vocabulary: Vocabulary | None = None
) -> Inputs | Series:
    """The inputs of a request.

    Args:
        payload: Content of the request: {"images": [base64, ...]} or {"rows": [{...}, ...]}.
        preparation: How inputs were made in training.
        vocabulary: Vocabulary of the run's texts.

    Raises:
        Refused: It is something else, or an input can't be read.
    """
    if not isinstance(payload, Mapping):
        raise Refused("the body must be a JSON object")
    name = "images" if isinstance(preparation, ImagePreparation) else "rows"
    known = {name, "why", *(("horizon",) if isinstance(preparation, SeriesPreparation) else ())}
    if name in payload and (unknown := sorted(set(payload) - known)):
        raise Refused(f"`{unknown[0]}` is not known; there is {', '.join(sorted(known))}")
    if isinstance(preparation, ImagePreparation):
        images = _listed(payload, "images")
        pixels = torch.stack([_image(one, preparation) for one in images])
        return Inputs(preparation.inputs(pixels))
    rows = _listed(payload, "rows")
    if not all(isinstance(row, Mapping) for row in rows):
        raise Refused("`rows` must hold objects: a value for each column")
    if isinstance(preparation, SeriesPreparation):
        horizon = payload.get("horizon")
        if horizon is not None and (
            not isinstance(horizon, int) or not 1 <= horizon <= MOST_INPUTS
        ):
            raise Refused(f"`horizon` must be a whole number from 1 to {MOST_INPUTS}")
        return Series(pd.DataFrame(rows), horizon)
    if isinstance(preparation, TablePreparation):
        return _rows(rows, lambda block: new_rows(block, preparation))
    if isinstance(preparation, LabelledTextPreparation) and vocabulary is not None:
        return _rows(rows, lambda block: new_texts(block, preparation, vocabulary))
    raise Refused("the run is of text: POST /generate")


def _listed(payload: Mapping[str, Any], name: str) -> list[Any]:
    given = payload.get(name)
    if not isinstance(given, list) or not given:
        known = ", ".join(map(str, payload)) or "nothing"
        raise Refused(f"`{name}` must be a list with something in it; the body has {known}")
    if len(given) > MOST_INPUTS:
        raise Refused(f"`{name}` has {len(given):,} entries; at most {MOST_INPUTS:,}")
    return given


def _image(text: Any, preparation: ImagePreparation) -> Tensor:
    if not isinstance(text, str):
        raise Refused("an image must be a text: the bytes of a PNG, JPEG, ... in base64")
    try:
        content = base64.b64decode(text.partition("base64,")[2] or text, validate=True)
    except binascii.Error as error:
        raise Refused(f"an image is not in base64: {error}") from error
    try:
        with without_warnings(), Image.open(BytesIO(content), formats=signed_formats()) as image:
            pixels = decoder_of(preparation).square_of(image)
    except Exception as error:  # Pillow raises of every kind where a file is damaged
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Refused(f"an image can't be read: {reason}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1).float()


def _rows(rows: list[Mapping[str, Any]], read: Callable[[RowBlock], NewRows]) -> Inputs:
    for place, row in enumerate(rows, start=1):
        for name, value in row.items():
            if isinstance(value, float) and not isfinite(value):
                message = f"row {place}: {name}: is {value}; a missing number is null, or left out"
                raise Refused(message)
    names = dict.fromkeys(str(name) for row in rows for name in row)
    columns = {name: [_cell(row.get(name)) for row in rows] for name in names}
    try:
        found = read(RowBlock(1, columns, {}))
    except DataError as error:
        raise Refused(str(error)) from error
    if found.problems:
        place, problem = min(found.problems.items())
        raise Refused(f"row {place + 1}: {problem}")
    return Inputs(found.inputs, dict(found.filled))


def _cell(value: Any) -> str:
    """A value as a text file has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).strip()
