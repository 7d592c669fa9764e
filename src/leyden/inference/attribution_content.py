"""Attributions of inputs as pictures over images, bars, and coloured tokens."""

import html
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from leyden.formatting import format_number
from leyden.inference.explain import ExplainedInput, Explanation
from leyden.inference.explanation_content import Content, Section, short_label, short_name

MOST_BARS = 15
"""Parts that are shown as bars, the largest ones."""

UP, DOWN = "#b2182b", "#2166ac"


def content_of(explanation: Explanation) -> Content:
    """What the page shows of attributions, and their numbers."""
    notes, errors = list[str](), [one.error for one in explanation.inputs if one.error is not None]
    if errors:
        most = 100 * max(errors)
        notes.append(f"completeness error at most {most:.2g} % of the output's change")
    notes += [f"check: {similarity_words(explanation.similarity)}", *explanation.left_out]
    return Content(
        explanation.method,
        [_section(one) for one in explanation.inputs],
        "attributions.csv",
        rows_of(explanation),
        [line_of(one) for one in explanation.inputs],
        notes,
    )


def similarity_words(similarity: float) -> str:
    """What the check with random weights says."""
    if similarity != similarity:
        return "that with random weights says nothing: an attribution is the same everywhere"
    return (
        f"with random weights the attributions rank like these with a correlation of"
        f" {similarity:.2f}; near 1 they would not depend on what was learned"
    )


def line_of(one: ExplainedInput) -> str:
    """The prediction and the parts with the largest attributions."""
    heading = f"{short_name(one.name)}: {one.prediction}"
    if not one.parts:
        return heading
    values = one.values.flatten().tolist()
    order = sorted(range(len(values)), key=lambda place: -abs(values[place]))[:3]
    listed = ", ".join(f"{one.parts[place]} {values[place]:+.3g}" for place in order)
    return f"{heading}; {listed}"


def rows_of(explanation: Explanation) -> dict[str, list[Any]]:
    """A row for each part of each input, for a file; of images for each pixel."""
    columns: dict[str, list[Any]] = {"input": [], "part": [], "attribution": []}
    for one in explanation.inputs:
        parts = one.parts if one.kind != "image" else pixel_names(one.values)
        columns["input"] += [one.name] * len(parts)
        columns["part"] += parts
        columns["attribution"] += one.values.flatten().tolist()
    return columns


def pixel_names(values: Tensor) -> list[str]:
    """Row and column of each place of a map."""
    height, width = values.shape
    return [f"{row},{column}" for row in range(height) for column in range(width)]


def _section(one: ExplainedInput) -> Section:
    notes = [] if one.error is None else [f"completeness error {100 * one.error:.2g} %"]
    if one.kind not in ("image", "series") and len(one.parts) > MOST_BARS:
        notes.append(f"the bars are the {MOST_BARS} largest of {len(one.parts)}; the CSV has all")
    body = tokens_html(one.parts, one.values) if one.kind == "text" else ""
    name = short_name(one.name)
    pictures = {f"attributions of {name}": figure_of(one)}
    return Section(f"{name}: {one.prediction}", notes, body, pictures)


def figure_of(one: ExplainedInput) -> Figure:
    """The picture of an input."""
    if one.kind == "image":
        return _image(one)
    return _series(one) if one.kind == "series" else _bars(one)


def _image(one: ExplainedInput) -> Figure:
    assert one.shown is not None
    figure = Figure(figsize=(5.2, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    pixels: NDArray[np.float64] = one.shown.cpu().numpy()
    grey = pixels.mean(2)
    left.imshow(pixels if pixels.shape[2] == 3 else grey, cmap="gray", vmin=0, vmax=1)
    values = one.values.cpu().numpy()
    most = float(np.abs(values).max()) or 1.0
    right.imshow(grey, cmap="gray", vmin=0, vmax=1)
    drawn = right.imshow(values, cmap="RdBu_r", vmin=-most, vmax=most, alpha=0.75)
    figure.colorbar(drawn, ax=right, shrink=0.8, label="attribution")
    for axes in (left, right):
        axes.set_axis_off()
    return figure


def _bars(one: ExplainedInput) -> Figure:
    values = one.values.cpu().numpy()
    order = np.argsort(-np.abs(values))[:MOST_BARS][::-1]
    names = [short_label(one.parts[place]) for place in order]
    if one.kind == "text":
        names = [token_label(place, one.parts[place]) for place in order]
    figure = Figure(figsize=(5.2, 0.9 + 0.25 * len(order)), layout="constrained")
    axes = figure.subplots()
    colors = [UP if values[place] > 0 else DOWN for place in order]
    axes.barh(range(len(order)), values[order], color=colors, tick_label=names)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("attribution")
    return figure


def _series(one: ExplainedInput) -> Figure:
    assert one.shown is not None
    past = one.shown.cpu().numpy()
    values = one.values.cpu().numpy().reshape(len(past), -1).sum(1)
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    before = np.arange(-len(past), 0)
    above.plot(before, past, marker=".")
    above.set_ylabel("scaled value")
    below.bar(before, values, color=[UP if value > 0 else DOWN for value in values])
    below.set_ylabel("attribution")
    below.set_xlabel("time before the forecast")
    return figure


def token_label(place: int, token: str) -> str:
    """The number of a token, from 1, and its text with visible spaces."""
    return f"{place + 1} {short_label(token.replace(' ', '␣'), 14)}"


def tokens_html(tokens: list[str], attributions: Tensor) -> str:
    """A text, coloured by the attributions of its tokens."""
    values = attributions.cpu().numpy()
    most = float(np.abs(values).max()) or 1.0
    spans = []
    for token, value in zip(tokens, values, strict=True):
        share = abs(float(value)) / most
        color = "178,24,43" if value > 0 else "33,102,172"
        spans.append(
            f"<span title='{format_number(float(value))}'"
            f" style='background:rgba({color},{0.8 * share:.2f})'>{html.escape(token)}</span>"
        )
    return f"<div class='tokens'>{''.join(spans)}</div>"
