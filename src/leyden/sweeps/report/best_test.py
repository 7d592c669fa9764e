"""The section on the test of the best configuration's best job."""

from leyden.formatting import format_number
from leyden.sweeps.report.cross_validation import is_cross_validated, test_of_folds
from leyden.sweeps.report.details import Details, calibration_words, read_details
from leyden.sweeps.report.details_pictures import draw_calibration, draw_confusion
from leyden.sweeps.report.document import Paragraph, Part, Picture, Section, Table
from leyden.sweeps.report.interactive import calibration_figure, confusion_figure
from leyden.sweeps.report.jobs import finite
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.style import png


def best_test(results: Results) -> Section:
    """Classes, confusions and calibration of the best configuration's best job.

    Of a cross-validation they are means over the folds.
    """
    if is_cross_validated(results):
        return test_of_folds(results)
    details = read_details(results)
    if details is None:
        return Section("Test of the best job")
    number, parts = details.job.number, list[Part]()
    samples = details.content.get("samples")
    of = f" on {samples:,} samples" if samples is not None else ""
    parts.append(Paragraph(f"The test of job {number}{of}. {interval_words(details)}".strip()))
    classes = details.content.get("classes") or []
    if classes:
        columns = ["class", "support", "precision", "recall", "f1"]
        rows = [[one["name"], *(one.get(key) for key in columns[1:])] for one in classes]
        parts.append(Table(columns, rows))
    if details.confusion:
        caption = f"Confusions of job {number}: samples by true and by predicted class"
        picture, figure = png(draw_confusion(details)), confusion_figure(details)
        parts.append(Picture("confusion.png", caption, picture, figure))
    if details.bins:
        caption = f"Calibration of job {number}: accuracy of samples of about the same confidence"
        picture, figure = png(draw_calibration(details)), calibration_figure(details)
        parts.append(Picture("calibration.png", caption, picture, figure))
        said = calibration_words(details)
        parts += [Paragraph(said)] if said else []
    return Section("Test of the best job", parts)


def interval_words(details: Details) -> str:
    """The intervals over samples of the test metrics, as far as the run has them."""
    metrics, said = details.job.run.get("metrics") or {}, []
    for name, (low, high) in (details.job.run.get("intervals") or {}).items():
        value = finite(metrics.get(name))
        if value is not None and finite(low) is not None and finite(high) is not None:
            bounds = f"{format_number(low)} to {format_number(high)}"
            said.append(f"{name} {format_number(value)} ({bounds})")
    if not said:
        return ""
    listed = ", ".join(said)
    return f"With 95 % intervals over its samples: {listed}."
