"""A picture of a data set: images, histograms, the series with its parts, or token frequencies."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from leyden.data import BatchIndices, DataModule, DataSplits
from leyden.data.batches import BatchedDataset
from leyden.data.series.windows import Windows
from leyden.data.split_names import SPLITS
from leyden.formatting import printable
from leyden.sweeps.report.style import COLORS, new_figure

MOST_CLASSES, IMAGES_A_CLASS = 10, 10
MOST_FEATURES, MOST_CATEGORIES, LONGEST_NAME = 15, 5, 7
MOST_SAMPLES = 10_000
"""Samples of the training part that histograms are drawn of."""

NAMES = {"train": "training", "val": "validation", "test": "test"}


def draw_data(data: DataModule) -> Figure:
    """The picture that suits the kind of the data."""
    parts = data.splits
    if parts.spec.kind == "image":
        return draw_images(parts)
    if parts.spec.kind == "text" and parts.spec.task_name == "classification":
        return draw_lengths(parts)
    if parts.spec.kind == "text":
        return draw_token_frequencies(parts)
    if parts.spec.kind == "series" and isinstance(unwrapped(parts.train), Windows):
        return draw_series(parts)
    if parts.spec.kind == "series":
        return draw_labelled_series(parts)
    return draw_histograms(parts)


def unwrapped(samples: BatchedDataset) -> Any:
    """The part itself, where only its first samples are used."""
    return getattr(samples, "samples", samples)


def some_of(samples: BatchedDataset, most: int) -> Int[Tensor, " n"]:
    """Places of samples, evenly spread over a part."""
    length = len(samples)
    return torch.arange(length) if length <= most else torch.arange(most) * length // most


def by_class(parts: DataSplits, most: int) -> Iterator[tuple[str, Int[Tensor, " n"]]]:
    """For some classes the places of some of their training samples."""
    labels = getattr(parts.train, "labels", None)
    if labels is None:
        labels = parts.train[BatchIndices(0, some_of(parts.train, MOST_SAMPLES))][1]
    names = parts.spec.class_names or tuple(map(str, range(parts.spec.num_outputs)))
    for code, name in enumerate(names[:MOST_CLASSES]):
        places = torch.nonzero(labels == code).flatten()
        yield name, places[:: max(1, len(places) // most)][:most]


def draw_images(parts: DataSplits) -> Figure:
    """A row of training images for each class, as a viewer shows them."""
    rows = list(by_class(parts, IMAGES_A_CLASS))
    figure = new_figure(0.3 + 0.8 * len(rows))
    grid = figure.subplots(len(rows), IMAGES_A_CLASS, squeeze=False)
    for axes, (name, places) in zip(grid, rows, strict=True):
        axes[0].set_ylabel(printable(name), rotation=0, ha="right", va="center")
        for one in axes:
            one.set(xticks=[], yticks=[], frame_on=False)
        if len(places):
            for one, image in zip(axes, pixels_of(parts.train, places), strict=False):
                one.imshow(image, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    return figure


def pixels_of(samples: BatchedDataset, places: Int[Tensor, " n"]) -> NDArray[Any]:
    """Images from 0 to 1 with their channels last: not augmented, where the part has `pixels`."""
    part = unwrapped(samples)
    if hasattr(part, "pixels"):
        images = part.pixels[places].float() / 255
    else:
        images = samples[BatchIndices(0, places)][0].float()
        low, high = images.amin(), images.amax()
        images = (images - low) / (high - low).clamp_min(1e-12)
    shown: NDArray[Any] = images.clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return shown[..., :3] if shown.shape[-1] in (3, 4) else shown[..., 0]


def draw_histograms(parts: DataSplits) -> Figure:
    """Of each column as the model sees it, by class; and of the target where it is a number."""
    inputs, targets = parts.train[BatchIndices(0, some_of(parts.train, MOST_SAMPLES))]
    spec = parts.spec
    columns = columns_of(inputs.flatten(1), spec.feature_names)[:MOST_FEATURES]
    is_classes = spec.task_name == "classification"
    if not is_classes:
        numbers = targets.double() * spec.target_std + spec.target_mean
        columns.insert(0, (f"target {spec.target_name}", {"": numbers[:, 0]}))
    width = min(4, len(columns))
    height = -(-len(columns) // width)
    figure = new_figure(0.5 + 1.7 * height)
    panels = figure.subplots(height, width, squeeze=False).flatten()
    for axes in panels[len(columns) :]:
        axes.set_axis_off()
    names = spec.class_names or tuple(map(str, range(spec.num_outputs)))
    groups = [(name, targets == code) for code, name in enumerate(names[: len(COLORS)])]
    for axes, (name, features) in zip(panels, columns, strict=False):
        axes.set_title(printable(name), fontsize=8)
        axes.tick_params(labelsize=7)
        axes.set_yticks([])
        draw = draw_categories if len(features) > 1 else draw_numbers
        draw(axes, features, groups if is_classes else [("", slice(None))])
    if spec.feature_names:
        figure.supxlabel("numbers as the model sees them, scaled by the training part", fontsize=7)
    if is_classes:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def columns_of(features: Tensor, names: tuple[str, ...]) -> list[tuple[str, dict[str, Tensor]]]:
    """Features by the column that they are made of; those of categories are one."""
    found: dict[str, dict[str, Tensor]] = {}
    for place, values in enumerate(features.T):
        name = names[place] if place < len(names) else f"feature {place + 1}"
        column, is_one, value = name.partition("=")
        found.setdefault(column if is_one else name, {})[value or "missing"] = values
    return list(found.items())


def draw_numbers(axes: Axes, features: dict[str, Tensor], groups: list[tuple[str, Any]]) -> None:
    """A histogram of a feature for each class."""
    (values,) = features.values()
    edges = np.histogram_bin_edges(values[values.isfinite()].numpy(), bins=30).tolist()
    for number, (name, chosen) in enumerate(groups):
        own = values[chosen]
        kind: Any = "step" if name else "bar"
        shown = own[own.isfinite()].numpy()
        axes.hist(shown, bins=edges, histtype=kind, color=COLORS[number], label=name)


def draw_categories(axes: Axes, features: dict[str, Tensor], groups: list[tuple[str, Any]]) -> None:
    """For each of the most frequent categories a bar for each class."""
    largest = sorted(features, key=lambda value: -float(features[value].sum()))[:MOST_CATEGORIES]
    places = np.arange(len(largest))
    for number, (name, chosen) in enumerate(groups):
        counts = [float(features[value][chosen].sum()) for value in largest]
        at = places + (number - (len(groups) - 1) / 2) * 0.8 / len(groups)
        axes.bar(at, counts, 0.8 / len(groups), color=COLORS[number], label=name)
    axes.set_xticks(places, [shortened(printable(value)) for value in largest])


def shortened(text: str) -> str:
    """A name that fits below a bar."""
    return text if len(text) <= LONGEST_NAME else f"{text[: LONGEST_NAME - 1]}…"


def draw_series(parts: DataSplits) -> Figure:
    """The target over its rows, with what is predicted in each part."""
    spec = parts.spec
    figure = new_figure(3.2)
    axes = figure.subplots()
    windows = unwrapped(parts.train)
    target = windows.values[:, 0].double().numpy() * spec.target_std + spec.target_mean
    axes.plot(target, color="0.8", linewidth=0.8)
    for number, part in enumerate(SPLITS):
        one = unwrapped(getattr(parts, part))
        shown = np.full(len(target), np.nan)
        places = (one.firsts[:, None] + torch.arange(one.horizon)).flatten().numpy()
        shown[places] = target[places]
        axes.plot(shown, color=COLORS[number], linewidth=1, label=NAMES[part])
    axes.set_ylabel(printable(spec.target_name))
    axes.set_xlabel("row")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def draw_labelled_series(parts: DataSplits) -> Figure:
    """Some training series of each class."""
    rows = list(by_class(parts, 5))
    figure = new_figure(0.5 + 1.1 * len(rows))
    for axes, (name, places) in zip(
        figure.subplots(len(rows), 1, squeeze=False, sharex=True).flatten(), rows, strict=True
    ):
        axes.set_ylabel(printable(name), rotation=0, ha="right", va="center")
        axes.set_yticks([])
        if len(places):
            axes.plot(parts.train[BatchIndices(0, places)][0][:, :, 0].T.numpy(), linewidth=0.8)
    return figure


def draw_token_frequencies(parts: DataSplits) -> Figure:
    """How often the tokens of the training part come, the most frequent first."""
    inputs, _ = parts.train[BatchIndices(0, some_of(parts.train, 1000))]
    counts = np.sort(torch.bincount(inputs.flatten()).numpy())[::-1]
    counts = counts[counts > 0]
    figure = new_figure(3.2)
    axes = figure.subplots()
    axes.loglog(np.arange(1, len(counts) + 1), counts / counts.sum(), color=COLORS[0])
    axes.set(xlabel="rank of the token", ylabel="share of the text")
    return figure


def draw_lengths(parts: DataSplits) -> Figure:
    """How many tokens the training texts of each class have."""
    inputs, targets = parts.train[BatchIndices(0, some_of(parts.train, MOST_SAMPLES))]
    padding = -1 if parts.spec.padding is None else parts.spec.padding
    lengths = inputs.ne(padding).sum(1).double()
    figure = new_figure(3.2)
    axes = figure.subplots()
    names = parts.spec.class_names[: len(COLORS)]
    groups = [(printable(name), targets == code) for code, name in enumerate(names)]
    draw_numbers(axes, {"": lengths}, groups)
    axes.set(xlabel="tokens of a text", ylabel="texts")
    figure.legend(loc="outside lower center", ncols=4)
    return figure
