"""The sections of the page: of classes, of numbers, and of slices of a table."""

import numpy as np

from leyden.formatting import format_number
from leyden.inference.evaluate import Tested
from leyden.inference.evaluation_report.columns import Numbers, TableColumn
from leyden.inference.evaluation_report.curves import curves_of
from leyden.inference.evaluation_report.document import Paragraph, Part, Section, Table
from leyden.inference.evaluation_report.mistakes import shown_samples, worst
from leyden.inference.evaluation_report.outputs import Codes, TestedSamples
from leyden.inference.evaluation_report.pictures import (
    calibration_picture,
    confusion_picture,
    precision_picture,
    residual_picture,
    roc_picture,
    scatter_picture,
)
from leyden.inference.evaluation_report.slices import FEWEST, slices_of
from leyden.tasks.class_statistics import calibration_error, class_table

MOST_IN_ORDER = 25
"""Classes that are listed in their order; more are listed by their F1."""

MOST_CONFUSIONS = 10
MOST_SLICES = 500
MOST_NAMED = 8
MACRO = ("precision", "recall", "f1")


def metrics_section(tested: Tested) -> Section:
    """All metrics with the intervals that they have."""
    rows = []
    for name, value in tested.metrics.items():
        short = name.removeprefix("test/")
        interval = tested.intervals.get(name)
        shown = "" if interval is None else " to ".join(map(format_number, interval))
        rows.append([short, format_number(value), shown])
    parts: list[Part] = [Table(["metric", "value", "95 % interval"], rows, (0,))]
    words = "Intervals are over the samples: how far a value would move with others like these."
    if any(row[0] in MACRO for row in rows):
        words += " Precision, recall and F1 are means over the classes, each of which weighs alike."
    return Section("Metrics", [Paragraph(words), *parts])


def class_sections(samples: TestedSamples) -> list[Section]:
    """Classes, confusions, curves and calibration."""
    names, labels = samples.class_names, samples.targets
    shares = samples.probabilities
    predicted = shares.argmax(1)
    cells = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(cells, (labels, predicted), 1)
    found = curves_of(shares, labels, names)
    confidence, right = shares.max(1), predicted == labels
    what = f"Of the class {names[1]}" if len(names) == 2 else "Each class against the rest"
    if found.num_others:
        what += f"; {len(found.roc) - 1} classes with the least areas, {found.num_others} left out"
    mean = "; the mean is over all classes" if len(found.roc) > 1 else ""
    area = f"{what}{mean}. The number is the area under the curve; 0.5 is chance."
    average = f"{what}{mean}. The number is the average precision."
    curves: list[Part] = []
    if found.absent:
        some = ", ".join(found.absent[:MOST_NAMED]) + ", ..." * (len(found.absent) > MOST_NAMED)
        words = f"No curve for {some}: the samples have none of these classes, or no other."
        curves.append(Paragraph(words))
    if found.roc:
        curves += [roc_picture(found.roc, area), precision_picture(found.precision, average)]
    error = calibration_error(confidence, right)
    curves.append(calibration_picture(confidence, right.astype(np.float64), error))
    return [
        Section("Classes", _class_parts(cells, names)),
        Section("Confusions", [confusion_picture(cells, names), *_confusions(cells, names)]),
        Section("Curves and calibration", curves),
    ]


def _class_parts(cells: Codes, names: list[str]) -> list[Part]:
    rows = class_table(cells, names)
    parts: list[Part] = []
    if len(rows) > MOST_IN_ORDER:
        parts.append(Paragraph("The least F1 first."))
        rows.sort(key=lambda row: -1.0 if row["f1"] is None else row["f1"])
    shown = [
        [
            row["name"],
            *(format_number(row[key]) for key in ("support", "precision", "recall", "f1")),
        ]
        for row in rows
    ]
    return [*parts, Table(["class", "samples", "precision", "recall", "F1"], shown)]


def _confusions(cells: Codes, names: list[str]) -> list[Part]:
    """Which classes are taken for which most often."""
    wrong = cells.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_CONFUSIONS]
    pairs = [divmod(int(place), len(names)) for place in order]
    rows = [
        [names[true], names[told], f"{wrong[true, told]:,}"]
        for true, told in pairs
        if wrong[true, told]
    ]
    if not rows or len(names) == 2:
        return []
    columns = ["true class", "predicted", "samples"]
    return [Paragraph("The most frequent mistakes:"), Table(columns, rows, (0, 1))]


def class_mistakes(tested: Tested, samples: TestedSamples, columns: list[TableColumn]) -> Section:
    """The wrong predictions with the largest loss."""
    shares, names, labels = samples.probabilities, samples.class_names, samples.targets
    predicted = shares.argmax(1)
    wrong = np.flatnonzero(predicted != labels)
    title = "Worst mistakes"
    if len(wrong) == 0:
        return Section(title, [Paragraph("No sample has a wrong prediction.")])
    places = worst(samples, wrong)
    said = [
        {
            "true class": names[labels[place]],
            "predicted": names[predicted[place]],
            "its probability": format_number(float(shares[place].max())),
            "probability of the true class": format_number(float(shares[place, labels[place]])),
            "loss": format_number(float(samples.losses[place])),
        }
        for place in places
    ]
    count = f"all {len(places):,}" if len(places) == len(wrong) else f"the {len(places)}"
    words = f"{len(wrong):,} of {len(samples):,} samples have a wrong prediction; {count}"
    words += (
        " with the largest loss first" if len(places) == len(wrong) else " with the largest loss"
    )
    shown = shown_samples(samples, places, said, tested.prepared, columns)
    return Section(title, [Paragraph(f"{words}."), *_filling_note(columns), *shown])


def number_sections(samples: TestedSamples) -> list[Section]:
    """Predicted and true numbers, and their differences."""
    predicted, true = samples.outputs.flatten(), samples.targets.flatten()
    what = samples.spec.target_name
    pictures: list[Part] = [
        scatter_picture(predicted, true, what),
        residual_picture(predicted - true, what),
    ]
    steps = samples.outputs.shape[1]
    if steps > 1:
        words = f"Each of the {steps} predicted numbers of a sample is a point by itself."
        pictures.insert(0, Paragraph(words))
    return [Section("Predictions", pictures)]


def number_mistakes(tested: Tested, samples: TestedSamples, columns: list[TableColumn]) -> Section:
    """The predictions that are farthest off."""
    places = worst(samples, np.arange(len(samples)))
    said = [_said_of_numbers(samples, place) for place in places.tolist()]
    words = f"The {len(places)} of {len(samples):,} samples whose prediction is farthest off."
    if samples.spec.kind == "series":
        words += " Blue: what the model sees; green: what followed; dashed: what it predicts."
    shown = shown_samples(samples, places, said, tested.prepared, columns)
    return Section("Worst mistakes", [Paragraph(words), *_filling_note(columns), *shown])


def _said_of_numbers(samples: TestedSamples, place: int) -> dict[str, str]:
    true, told = samples.targets[place], samples.outputs[place]
    if len(true) > 1:
        return {"RMSE": format_number(float(samples.losses[place]))}
    numbers = {"true": true[0], "predicted": told[0], "error": told[0] - true[0]}
    return {word: format_number(float(value)) for word, value in numbers.items()}


def _filling_note(columns: list[TableColumn]) -> list[Part]:
    if not any(isinstance(one, Numbers) for one in columns):
        return []
    words = (
        "Cells are read back from what the model sees: of a missing number they show what was"
        " filled in, unless the model has a feature that says where numbers are missing."
    )
    return [Paragraph(words)]


def slices_section(samples: TestedSamples, columns: list[TableColumn]) -> Section:
    """How the model does on each category, and each quarter of the numbers."""
    is_share = samples.spec.task_name == "classification"
    if is_share:
        scores = (samples.outputs.argmax(1) == samples.targets).astype(np.float64)
    else:
        scores = np.square(samples.outputs - samples.targets).mean(1)
    found = slices_of(columns, scores, is_share=is_share)
    measure = "accuracy" if is_share else "RMSE"
    marked = frozenset(place for place, one in enumerate(found.found) if one.is_worse)
    words = (
        f"Over all samples the {measure} is {format_number(found.whole)}; the worst slice first."
        f" {len(marked) or 'None'} of {len(found.found):,} slices"
        f" {'is' if len(marked) < 2 else 'are'} worse by the 95 % interval"
        f"{' (marked)' if marked else ''}; by chance alone about"
        f" {0.025 * len(found.found):.2g} would be."
    )
    parts: list[Part] = [Paragraph(words)]
    rows = [
        [
            one.column,
            one.label,
            f"{one.count:,}",
            format_number(one.value),
            " to ".join(map(format_number, one.interval)),
        ]
        for one in found.found[:MOST_SLICES]
    ]
    if rows:
        headings = ["column", "values", "samples", measure, "95 % interval"]
        parts.append(Table(headings, rows, (0, 1), marked))
    if len(found.found) > MOST_SLICES:
        parts.append(Paragraph(f"{len(found.found) - MOST_SLICES:,} better slices are left out."))
    if found.small:
        some = ", ".join(f"{name} ({count})" for name, count in found.small[:MOST_NAMED])
        more = ", ..." * (len(found.small) > MOST_NAMED)
        count = f"{len(found.small):,} slices with fewer than {FEWEST} samples are left out"
        parts.append(Paragraph(f"{count}: {some}{more or '.'}"))
    return Section("Slices by column", parts)
