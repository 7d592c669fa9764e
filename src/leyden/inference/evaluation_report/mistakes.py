"""The samples that a model does worst on, as a person can look at them."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from leyden.data.images.preparation import ImagePreparation
from leyden.inference.evaluation_report.columns import TableColumn
from leyden.inference.evaluation_report.document import Card, Paragraph, Part, Table
from leyden.inference.evaluation_report.outputs import Codes, TestedSamples
from leyden.run.preparation import Prepared

MOST = 24
MOST_COLUMNS = 20
SMALL = 100
"""Pixels a side of images that are enlarged; larger ones than `LARGEST` are reduced."""

LARGEST = 220
MOST_CHANNELS = 3
LONGEST_TEXT = 300


def worst(samples: TestedSamples, chosen: Codes) -> Codes:
    """The places of the samples with the largest losses among some, the largest first."""
    order = np.argsort(-samples.losses[chosen], kind="stable")
    return chosen[order][:MOST]


def shown_samples(
    samples: TestedSamples,
    places: Codes,
    said: list[dict[str, str]],
    prepared: Prepared | None,
    columns: list[TableColumn],
) -> list[Part]:
    """Samples with what is said of them: rows of a table, or cards.

    Args:
        samples: All samples.
        places: Those that are shown.
        said: What is said of each of these, by a word each.
        prepared: How their inputs were made.
        columns: Columns of a table; none of other data.
    """
    if columns:
        return _rows(samples, places, said, columns)
    inputs = samples.inputs(places)
    cards: list[Part] = []
    for row, place in enumerate(places.tolist()):
        lines = [f"{word} {value}" for word, value in said[row].items()]
        name = samples.name(place)
        given = None if inputs is None else inputs[row]
        cards.append(_card(samples, name, lines, given, place, prepared))
    return cards


def _rows(
    samples: TestedSamples, places: Codes, said: list[dict[str, str]], columns: list[TableColumn]
) -> list[Part]:
    some = columns[:MOST_COLUMNS]
    rows = [
        [samples.name(place), *said[row].values(), *(one.shown(place) for one in some)]
        for row, place in enumerate(places.tolist())
    ]
    words = list(said[0])
    texts = (0, *(1 + k for k, word in enumerate(words) if word in ("true class", "predicted")))
    are_classes = samples.spec.task_name == "classification"
    of_columns = tuple(range(1 + len(words), 1 + len(words) + len(some)))
    table = Table(
        ["sample", *words, *(one.name for one in some)],
        rows,
        (*(texts if are_classes else (0,)), *of_columns),
    )
    if len(columns) == len(some):
        return [table]
    rest = Paragraph(f"The first {len(some)} of {len(columns):,} columns.")
    return [rest, table]


def _card(
    samples: TestedSamples,
    name: str,
    lines: list[str],
    given: Tensor | None,
    place: int,
    prepared: Prepared | None,
) -> Card:
    kind = samples.spec.kind
    if given is None:
        return Card(name, lines)
    if kind == "image" and given.ndim == 3 and len(given) in (1, 3):
        preparation = None if prepared is None else prepared.preparation
        return Card(name, lines, *_image(given, preparation))
    if kind == "series" and given.ndim == 2:
        return Card(name, lines, curves=_curves(samples, given, place))
    if kind == "text" and prepared is not None and prepared.vocabulary is not None:
        text = prepared.vocabulary.decode(given[given != samples.spec.padding])
        return Card(name, lines, text=text[:LONGEST_TEXT] + "…" * (len(text) > LONGEST_TEXT))
    return Card(name, lines)


def _image(given: Tensor, preparation: object) -> tuple[bytes, bool]:
    """The pixels as a PNG file, and whether they are few."""
    if isinstance(preparation, ImagePreparation):
        mean, std = (
            torch.tensor(one).view(-1, 1, 1) for one in (preparation.mean, preparation.std)
        )
        shown = given * std + mean
    else:  # from black for the least value to white for the largest
        shown = (given - given.min()) / (given.max() - given.min()).clamp_min(1e-12)
    pixels = shown.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((LARGEST, LARGEST))
    file = BytesIO()
    image.save(file, "png")
    return file.getvalue(), max(image.size) < SMALL


def _curves(samples: TestedSamples, given: Tensor, place: int) -> list[tuple[str, list[float]]]:
    """The channels of a series; of a forecast its past, what came of it and what was said."""
    if samples.spec.task_name == "classification":
        return [("", channel.tolist()) for channel in given.T[:MOST_CHANNELS]]
    spec = samples.spec
    past = (given[:, 0].double() * spec.target_std + spec.target_mean).tolist()
    return [
        ("past", past),
        ("true", samples.targets[place].tolist()),
        ("predicted", samples.outputs[place].tolist()),
    ]
