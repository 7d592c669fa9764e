"""The pictures of the best job's test as files."""

from matplotlib.figure import Figure

from leyden.sweeps.report.details import Details
from leyden.sweeps.report.style import add_legend, new_figure, shortened, tidy

MOST_WITH_NUMBERS = 12
MOST_TICKS = 25


def draw_confusion(details: Details) -> Figure:
    """Samples by true class and by the class that was predicted; colours by shares of a row."""
    rows, names = details.confusion, [shortened(name, 28) for name in details.names]
    shares = [[value / (sum(row) or 1.0) for value in row] for row in rows]
    figure = new_figure(min(8.0, 2.0 + 0.4 * len(rows)))
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(rows) <= MOST_WITH_NUMBERS:
        for true, row in enumerate(rows):
            for predicted, value in enumerate(row):
                color = "white" if shares[true][predicted] > 0.5 else "black"
                axes.text(predicted, true, f"{value:g}", ha="center", va="center", color=color)
    every = max(1, len(names) // MOST_TICKS)
    places = range(0, len(names), every)
    rotation = 0 if sum(map(len, names[::every])) < 40 else 60
    axes.set_xticks(places, names[::every], rotation=rotation, fontsize="small")
    axes.set_yticks(places, names[::every], fontsize="small")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    return figure


def draw_calibration(details: Details) -> Figure:
    """Accuracy against confidence; a calibrated model lies on the diagonal."""
    found = details.bins
    figure = new_figure(4.4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], "--", color="0.5", label="calibrated")
    confidence, accuracy, _ = zip(*found, strict=True)
    axes.plot(confidence, accuracy, "o-", color="#0072b2", label="bins of the test part")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel("confidence")
    axes.set_ylabel("accuracy")
    tidy(axes)
    add_legend(figure, axes)
    return figure
