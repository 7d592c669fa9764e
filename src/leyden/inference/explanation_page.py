"""An explanation as a page: pictures of attributions over images, bars, and coloured tokens."""

import base64
import html
from io import BytesIO

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from leyden.formatting import format_number, printable
from leyden.inference.explain import ExplainedInput, Explanation

MOST_BARS = 15
"""Parts that are shown as bars, the largest ones."""

STYLE = """
:root { color-scheme: light dark; --text: #222; --back: #fff; --soft: #666; }
@media (prefers-color-scheme: dark) { :root { --text: #ddd; --back: #1b1b1b; --soft: #999; } }
body { font: 16px/1.5 sans-serif; color: var(--text); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; overflow-wrap: anywhere; }
p { color: var(--soft); margin: .2rem 0; }
img { max-width: 100%; background: #fff; }
.tokens { font-family: monospace; white-space: pre-wrap; color: #222; background: #fff;
  padding: .5rem; }
"""

METHOD_WORDS = {
    "integrated_gradients": "integrated gradients (Sundararajan et al. 2017): what each part adds"
    " to the output, from a baseline on",
    "occlusion": "occlusion (Zeiler and Fergus 2014): by how much the output falls when a part is"
    " replaced by the baseline",
    "gradcam": "Grad-CAM (Selvaraju et al. 2017): where the last convolution speaks for the class",
}


def page_of(explanation: Explanation, title: str) -> str:
    """A page of HTML, with its pictures in it."""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width'>",
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body>",
        f"<h1>{html.escape(title)}</h1>",
        f"<p>By {html.escape(METHOD_WORDS[explanation.method])}.</p>",
        f"<p>{html.escape(similarity_words(explanation))}</p>",
    ]
    for one in explanation.inputs:
        parts.append(f"<h2>{html.escape(printable(one.name))}: {html.escape(one.prediction)}</h2>")
        if one.error is not None:
            parts.append(f"<p>completeness error {100 * one.error:.2g} %</p>")
        parts.append(_tokens(one) if one.kind == "text" else _picture(one))
    return "\n".join([*parts, "</body></html>"])


def similarity_words(explanation: Explanation) -> str:
    """What the check with random weights says."""
    if explanation.similarity != explanation.similarity:
        return "the check with random weights says nothing: an attribution is the same everywhere"
    return (
        f"with random weights the attributions rank like these with a correlation of"
        f" {explanation.similarity:.2f}; near 1 they would not depend on what was learned"
    )


def _picture(one: ExplainedInput) -> str:
    figure = figure_of(one)
    file = BytesIO()
    figure.savefig(file, format="png", dpi=110)
    content = base64.b64encode(file.getvalue()).decode()
    return (
        f"<img alt='attributions of {html.escape(one.name)}' src='data:image/png;base64,{content}'>"
    )


def figure_of(one: ExplainedInput) -> Figure:
    """The picture of an input."""
    if one.kind == "image":
        return _image(one)
    return _series(one) if one.kind == "series" else _bars(one)


def _image(one: ExplainedInput) -> Figure:
    assert one.shown is not None
    figure = Figure(figsize=(6, 3), layout="constrained")
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
    figure = Figure(figsize=(7, 0.9 + 0.3 * len(order)), layout="constrained")
    axes = figure.subplots()
    colors = ["#b2182b" if values[place] > 0 else "#2166ac" for place in order]
    names = [printable(one.parts[place])[:40] for place in order]
    axes.barh(range(len(order)), values[order], color=colors, tick_label=names)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("attribution")
    return figure


def _series(one: ExplainedInput) -> Figure:
    assert one.shown is not None
    past = one.shown.cpu().numpy()
    values = one.values.cpu().numpy().reshape(len(past), -1).sum(1)
    figure = Figure(figsize=(7, 3.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    before = np.arange(-len(past), 0)
    above.plot(before, past, marker=".")
    above.set_ylabel("scaled value")
    below.bar(before, values, color=["#b2182b" if value > 0 else "#2166ac" for value in values])
    below.set_ylabel("attribution")
    below.set_xlabel("time before the forecast")
    return figure


def _tokens(one: ExplainedInput) -> str:
    values = one.values.cpu().numpy()
    most = float(np.abs(values).max()) or 1.0
    spans = []
    for token, value in zip(one.parts, values, strict=True):
        share = abs(float(value)) / most
        color = "178,24,43" if value > 0 else "33,102,172"
        spans.append(
            f"<span title='{format_number(float(value))}'"
            f" style='background:rgba({color},{0.8 * share:.2f})'>{html.escape(token)}</span>"
        )
    return f"<div class='tokens'>{''.join(spans)}</div>"
