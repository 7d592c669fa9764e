"""How the report's pictures look: dashes, markers and hatches, never colour alone."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogLocator

from leyden.formatting import printable, printable_lines

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00", "#7f7f7f")
DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 3)), (0, (9, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
MOST_CURVES = len(MARKERS)
PRUNED: dict[str, Any] = {
    "color": "0.45",
    "linestyle": "none",
    "marker": "o",
    "markerfacecolor": "none",
    "markersize": 5,
}
"""Rings, for jobs that were not trained to their end."""

LOGARITHMIC_FROM = 8
STEEP = 5
"""Ratios of the largest to the smallest value from which an axis is logarithmic."""

LONGEST_LABEL = 42
"""Characters of a label beside a picture."""

DOTS_PER_INCH = 130
WIDTH = 8.0


def new_figure(height: float) -> Figure:
    """An empty figure of the report's width, whose parts make room for one another.

    Args:
        height: Height in inches.
    """
    return Figure(figsize=(WIDTH, height), layout="constrained")


def line_style(place: int) -> dict[str, Any]:
    """Colour, dashes and marker of a curve, by its place in the legend."""
    return {
        "color": COLORS[place % len(COLORS)],
        "linestyle": DASHES[place % len(DASHES)],
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 5,
        "linewidth": 1.4,
    }


def is_logarithmic(values: Iterable[float], *, ratio: float = LOGARITHMIC_FROM) -> bool:
    """Whether numbers are positive and spread so far that only a logarithm shows them.

    Args:
        values: Any number of them.
        ratio: Ratio of the largest to the smallest, from which they are.
    """
    found = list(values)
    return bool(found) and min(found) > 0 and max(found) / min(found) > ratio


def scale_objective(axes: Axes, values: Iterable[float]) -> None:
    """A logarithmic axis where the objective is steep, so that its small values can be told apart.

    Args:
        axes: Axes whose vertical axis it is.
        values: All that are shown.
    """
    if is_logarithmic(values, ratio=STEEP):
        axes.set_yscale("log")
        label_plainly(axes.yaxis, (2, 3, 5))


def label_plainly(axis: Axis, steps: tuple[int, ...]) -> None:
    """Labels a logarithmic axis with numbers as people write them: 0.2, not 2 x 10^-1.

    Args:
        axis: Axis of a picture.
        steps: Multiples of the powers of ten that have labels too.
    """
    axis.set_minor_locator(LogLocator(subs=steps))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter("{x:g}")


def tidy(axes: Axes) -> None:
    """A light grid, and no frame where there is no scale."""
    axes.grid(alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def add_legend(figure: Figure, axes: Axes, title: str | None = None) -> None:
    """The legend below the picture, so that it hides no points and long names have room."""
    handles, labels = axes.get_legend_handles_labels()
    longest = max(map(len, labels), default=0)
    columns = 3 if longest < 24 else 2 if longest < 45 else 1
    figure.legend(
        handles,
        labels,
        title=title,
        loc="outside lower center",
        ncols=columns,
        fontsize="small",
        frameon=False,
        handlelength=4,
    )


def shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    """A label in one printable line that leaves room for the picture."""
    line = printable(text)
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def png(figure: Figure) -> bytes:
    """The figure as a PNG file's content, drawn once; `savefig` draws it twice."""
    for text in figure.findobj(Text):
        text.set_text(printable_lines(text.get_text()))
    buffer = BytesIO()
    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()
