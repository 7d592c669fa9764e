"""What the best job's test has found, as figures."""

from leyden.sweeps.report.details import Details
from leyden.sweeps.report.interactive.base import COLORS, Spec, axis, figure, points, words


def confusion_figure(details: Details) -> Spec:
    """Samples by true class and by the class that was predicted; colours by shares of a row."""
    rows, names = details.confusion, [words(name, longest=20) for name in details.names]
    places = list(range(len(names)))
    shares = [[value / (sum(row) or 1.0) for value in row] for row in rows]
    cells: Spec = {
        "type": "heatmap",
        "z": shares,
        "x": places,
        "y": places,
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "rgba(47,134,201,0)"], [1, "rgba(47,134,201,1)"]],
        "showscale": False,
        "hoverinfo": "text",
        "hovertext": [
            [
                f"true {names[i]}, predicted {names[k]}:<br>{value:g} samples, {shares[i][k]:.1%}"
                for k, value in enumerate(row)
            ]
            for i, row in enumerate(rows)
        ],
    }
    if len(rows) <= 12:
        cells |= {
            "text": [[f"{value:g}" for value in row] for row in rows],
            "texttemplate": "%{text}",
        }
    every = max(1, len(names) // 25)
    ticks = {"tickvals": places[::every], "ticktext": names[::every]}
    return figure(
        [cells],
        height=min(720, 200 + 34 * len(names)),
        xaxis=axis("predicted class", **ticks, showgrid=False),
        yaxis=axis("true class", **ticks, showgrid=False, autorange="reversed"),
    )


def calibration_figure(details: Details) -> Spec:
    """Accuracy against confidence; a calibrated model lies on the diagonal."""
    found = details.bins
    most = max((count for _, _, count in found), default=0.0) or 1.0
    ideal = points(
        "calibrated",
        [0, 1],
        [0, 1],
        [None, None],
        mode="lines",
        hoverinfo="skip",
        line={"color": "@muted", "dash": "dash"},
    )
    bins = points(
        "bins of the test part",
        [confidence for confidence, _, _ in found],
        [accuracy for _, accuracy, _ in found],
        [None] * len(found),
        mode="lines+markers",
        text=[
            f"confidence {confidence:.3g}<br>accuracy {accuracy:.3g}<br>{count:g} samples"
            for confidence, accuracy, count in found
        ],
        line={"color": COLORS[0]},
        marker={
            "color": COLORS[0],
            "size": [6 + 14 * (count / most) ** 0.5 for _, _, count in found],
        },
    )
    return figure(
        [ideal, bins],
        height=420,
        xaxis=axis("confidence", range=[-0.02, 1.02]),
        yaxis=axis("accuracy", range=[-0.05, 1.05]),
    )
