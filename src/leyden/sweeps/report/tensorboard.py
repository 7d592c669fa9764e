"""The report in TensorBoard: its text and pictures, and a mean run for each configuration."""

import re
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from leyden.sweeps.report.curves import MeanCurve, mean_curves, monitored_name
from leyden.sweeps.report.document import Document
from leyden.sweeps.report.results import Results

MOST_RUNS = 30
BAND = ("val_band/mean", "val_band/lower", "val_band/upper")
"""Tags of the mean's interval. The mean has one of its own here: TensorBoard calls tags missing in
a run that has one of a chart's three, as each job has the metric. Their group comes last by name:
TensorBoard opens the first two."""


def write_tensorboard(folder: Path, results: Results, document: Document) -> None:
    """Writes event files below a folder: `summary`, and `mean <label>` of the best configurations.

    Args:
        folder: Is made.
        results: Results of the sweep.
        document: The report.
    """
    metric, found = monitored_name(results), mean_curves(results.scored[:MOST_RUNS])
    has_band = any(curve.band for curve in found)
    _write_summary(folder / "summary", document, charts(metric, has_band=has_band))
    taken: set[str] = set()
    for curve in found:
        name = unused(f"mean {curve.configuration.label}", taken)
        taken.add(name)
        _write_mean(folder / name, curve, metric)


def unused(label: str, taken: set[str]) -> str:
    """A folder's name for a label, with a number where it is taken."""
    name = re.sub(r"[^\w.+=, -]+", "-", label)[:100]
    number = 2
    candidate = name
    while candidate in taken:
        candidate = f"{name} ({number})"
        number += 1
    return candidate


def charts(metric: str, *, has_band: bool) -> dict[str, dict[str, list[str | list[str]]]]:
    """The layout of the CUSTOM SCALARS tab, one for all runs that have the tags.

    Args:
        metric: Metric that the runs monitored.
        has_band: Whether the mean of a configuration has an interval.
    """
    found: dict[str, list[str | list[str]]] = {
        metric: ["Multiline", [f"^{re.escape(metric)}$"]],
    }
    if has_band:
        found[f"{metric} and its band"] = ["Margin", list(BAND)]
    return {"mean over the repeats": found}


def _write_summary(
    folder: Path, document: Document, layout: dict[str, dict[str, list[str | list[str]]]]
) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        writer.add_text("report", document.markdown(with_pictures=False))
        for picture in document.pictures:
            with Image.open(BytesIO(picture.png)) as image:
                pixels = np.asarray(image.convert("RGB"))
            tag = f"report/{Path(picture.name).stem}"
            writer.add_image(tag, pixels, dataformats="HWC")
        writer.add_custom_scalars(layout)


def _write_mean(folder: Path, curve: MeanCurve, metric: str) -> None:
    from torch.utils.tensorboard import SummaryWriter

    tags = {metric: curve.mean}
    if curve.band:
        tags |= dict(zip(BAND, (curve.mean, *curve.band), strict=True))
    with SummaryWriter(str(folder)) as writer:
        for tag, values in tags.items():
            for step, value in zip(curve.steps, values, strict=True):
                writer.add_scalar(tag, value, step)
