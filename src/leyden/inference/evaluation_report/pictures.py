"""The pictures of the page, each in dark ink and in light ink."""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from leyden.formatting import printable_lines
from leyden.inference.evaluation_report.curves import Curve
from leyden.inference.evaluation_report.document import Picture
from leyden.inference.evaluation_report.outputs import Array, Codes
from leyden.tasks.class_statistics import NUM_BINS, calibration

COLORS = (
    *("#2f86c9", "#d9622b", "#2a9d6f", "#c05fa0", "#a17a1a"),
    *("#7b6fd0", "#3d9fb3", "#c94f4f", "#7f8a3a", "#8a8a8a"),
)
"""Seen on white and on black."""

DASHES = ("-", "--", "-.", ":")
INKS = {"light": "#1d2126", "dark": "#e3e6ea"}
INK = "ink"
"""Marks lines that have the colour of the text."""

FIXED = "fixed"
"""Marks texts that keep their colour."""

DOTS_PER_INCH = 130
SIZE, LARGE = 4.6, 6.5
"""Inches a side."""

MOST_COUNTED, MOST_NAMED = 20, 50
"""Classes of a confusion matrix up to which its cells have numbers, and its axes names."""

MOST_LETTERS = 40
"""Letters of names that fit beside each other below a picture."""

LONGEST = 18
MOST_POINTS = 5000


def confusion_picture(cells: Codes, names: Sequence[str]) -> Picture:
    """Samples of each class, and for what they are taken."""
    count = len(names)
    is_large = count > 10
    size = LARGE if is_large else SIZE
    figure = Figure(figsize=(size, size), layout="constrained")
    axes = figure.subplots()
    shares = cells / np.maximum(cells.sum(1, keepdims=True), 1)
    blue = to_rgba(COLORS[0])
    ground = LinearSegmentedColormap.from_list("blue", [(*blue[:3], 0.0), blue])
    axes.imshow(shares, cmap=ground, vmin=0, vmax=1, aspect="equal")
    if count <= MOST_COUNTED:
        for row, column in np.argwhere(cells > 0):
            text = axes.text(column, row, f"{cells[row, column]}", ha="center", va="center")
            text.set_fontsize(7 if is_large else 9)
            if shares[row, column] > 0.6:
                text.set(gid=FIXED, color="white")
    if count <= MOST_NAMED:
        labels = [_short(name) for name in names]
        turned = max(map(len, labels)) * count > MOST_LETTERS
        axes.set_xticks(range(count), labels, rotation=90 if turned else 0)
        axes.set_yticks(range(count), labels)
        axes.tick_params(labelsize=9 if count <= MOST_COUNTED else 6)
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    caption = "The darker a cell, the larger its share of the samples of the true class."
    return replace(_picture(figure, "Confusion matrix", caption), is_large=is_large)


def roc_picture(curves: Sequence[Curve], caption: str) -> Picture:
    """Curves of the true positive rate over the false positive rate."""
    figure, axes = _square()
    axes.plot([0, 1], [0, 1], linestyle=":", linewidth=1, gid=INK)
    _draw(figure, axes, curves, is_steps=False)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    return _picture(figure, "ROC curve", caption)


def precision_picture(curves: Sequence[Curve], caption: str) -> Picture:
    """Curves of the precision over the recall."""
    figure, axes = _square()
    _draw(figure, axes, curves, is_steps=True)
    axes.set_xlabel("recall")
    axes.set_ylabel("precision")
    return _picture(figure, "Precision and recall", caption)


def _draw(figure: Figure, axes: Axes, curves: Sequence[Curve], *, is_steps: bool) -> None:
    for place, one in enumerate(curves):
        is_mean = one.name == "mean" and place == len(curves) - 1 and place > 0
        axes.plot(
            one.across,
            one.up,
            color=COLORS[place % len(COLORS)],
            linestyle="-" if is_mean else DASHES[place % len(DASHES)],
            linewidth=2.2 if is_mean else 1.3,
            drawstyle="steps-pre" if is_steps else "default",
            label=f"{_short(one.name)}  {one.area:.3f}",
            gid=INK if is_mean else None,
        )
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    columns = 3 if all(len(one.name) < 8 for one in curves) else 2
    figure.legend(
        loc="outside lower center", ncols=columns, fontsize=8, frameon=False, handlelength=2.6
    )


def calibration_picture(confidence: Array, right: Array, error: float) -> Picture:
    """Accuracy over the probability of the predicted class, and how many samples have it."""
    figure = Figure(figsize=(SIZE, SIZE), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = calibration(confidence, right.astype(bool))
    across = [one["confidence"] for one in bins]
    above.plot([0, 1], [0, 1], linestyle=":", linewidth=1, gid=INK)
    above.plot(across, [one["accuracy"] for one in bins], marker="o", color=COLORS[0])
    above.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), ylabel="share that is right")
    below.hist(confidence, bins=NUM_BINS, range=(0, 1), color=COLORS[9])
    below.set(xlabel="probability of the predicted class", ylabel="samples")
    for axes in (above, below):
        _tidy(axes)
    caption = (
        f"On the dotted line probabilities mean what they say; below it the model is too sure."
        f" Expected calibration error {error:.3f}."
    )
    return _picture(figure, "Calibration", caption)


def scatter_picture(predicted: Array, true: Array, what: str) -> Picture:
    """Predicted over true numbers."""
    figure, axes = _square()
    caption = "On the dotted line a prediction is right."
    if len(true) > MOST_POINTS:
        chosen = np.random.default_rng(0).choice(len(true), MOST_POINTS, replace=False)
        caption += f" {MOST_POINTS:,} of {len(true):,}, drawn at random."
        predicted, true = predicted[chosen], true[chosen]
    low, high = min(predicted.min(), true.min()), max(predicted.max(), true.max())
    axes.plot([low, high], [low, high], linestyle=":", linewidth=1, gid=INK)
    axes.plot(true, predicted, ".", markersize=5, alpha=0.6, color=COLORS[0])
    axes.set_xlabel(f"true {what}")
    axes.set_ylabel(f"predicted {what}")
    return _picture(figure, "Predicted and true", caption)


def residual_picture(errors: Array, what: str) -> Picture:
    """Histogram of the errors."""
    figure, axes = _square()
    axes.hist(errors, bins=40, color=COLORS[0])
    axes.axvline(0, linestyle=":", linewidth=1, gid=INK)
    axes.set_xlabel(f"predicted less true {what}")
    axes.set_ylabel("samples")
    caption = f"Mean {errors.mean():.4g}, standard deviation {errors.std():.4g}."
    return _picture(figure, "Residuals", caption)


def _square() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(SIZE, SIZE), layout="constrained")
    axes = figure.subplots()
    _tidy(axes)
    return figure, axes


def _tidy(axes: Axes) -> None:
    axes.grid(alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"


def _picture(figure: Figure, title: str, caption: str) -> Picture:
    light, dark = (_png(figure, INKS[name]) for name in ("light", "dark"))
    return Picture(title, caption, light, dark)


def _png(figure: Figure, ink: str) -> bytes:
    """The figure as a PNG file's content."""
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
        axes.tick_params(color=ink, labelcolor=ink)
        for spine in axes.spines.values():
            spine.set_color(ink)
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        text.set_parse_math(False)
        text.set_text(printable_lines(text.get_text()))
        if text.get_gid() != FIXED:
            text.set_color(ink)
    for line in figure.findobj(Line2D):
        if line.get_gid() == INK and isinstance(line, Line2D):
            line.set_color(ink)
    for legend in figure.legends:
        for line, text in zip(legend.get_lines(), legend.get_texts(), strict=True):
            if text.get_text().startswith("mean  "):
                line.set_color(ink)
    file = BytesIO()
    figure.set_dpi(DOTS_PER_INCH)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # of names in other scripts
        canvas = FigureCanvasAgg(figure)
        canvas.print_png(file, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return file.getvalue()
