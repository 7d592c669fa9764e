"""A report's words where the jobs of a configuration are folds: none of them is its answer."""

import shlex
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from leyden.config.sweep_declaration import FOLD
from leyden.formatting import format_number
from leyden.sweeps.objective import half_width
from leyden.sweeps.record import SweepRecord
from leyden.sweeps.report.baselines import metric_values, shown_test_metrics
from leyden.sweeps.report.details import Details, details_of
from leyden.sweeps.report.details_pictures import draw_confusion
from leyden.sweeps.report.document import Paragraph, Part, Picture, Section, Table
from leyden.sweeps.report.interactive import confusion_figure
from leyden.sweeps.report.jobs import flags, is_left_out
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.style import png


def is_cross_validated(results: Results) -> bool:
    """Whether jobs are repeated over folds."""
    return FOLD in results.record.repeated and any(FOLD in job.values for job in results.jobs)


def repeat_word(results: Results) -> str:
    """What the repeats of a configuration are called."""
    return "folds" if results.record.repeated == [FOLD] else "jobs"


def configuration_command(record: SweepRecord, configuration: Configuration) -> str:
    """What to type, quoted for the shell, to run all jobs of a configuration again."""
    own = {*record.axes, *configuration.values}
    shared, repeats = [], []
    for text in record.overrides:
        key = text.partition("=")[0].lstrip("+~")
        if key in record.repeated or key.startswith("sweep.repeat"):
            repeats.append(text)
        elif not is_left_out(text, own):
            shared.append(text)
    grid = [] if record.search is None else ["hydra/sweeper=basic"]  # nothing is searched any more
    values = [f"{key}={value}" for key, value in configuration.values.items()]
    words = ["leyden", "train", "-m", *flags(record.command), *shared, *values, *grid, *repeats]
    return shlex.join(words)


def test_of_folds(results: Results) -> Section:
    """Classes and confusions of the best configuration, as means over the models of its folds."""
    title = "Test of the best configuration"
    if not results.scored:
        return Section(title)
    best = results.scored[0]
    found = [details for job in best.completed if (details := details_of(results, job))]
    metrics = [_measured(best, name) for name in shown_test_metrics(best)]
    if not found and not metrics:
        return Section(title)
    text = (
        f"Each fold has a model of its own. All {len(best.completed)} were tested on the same test"
        " part, which no fold trains or validates on."
    )
    listed = f" Mean and 95 % interval over them: {', '.join(metrics)}." if metrics else ""
    parts: list[Part] = [Paragraph(text + listed)]
    if found and len(found) == len(best.completed) and len({(*one.names,) for one in found}) == 1:
        parts += _means(Details(mean_content(found), found[0].job))
    return Section(title, parts)


def _measured(configuration: Configuration, metric: str) -> str:
    values = metric_values(configuration, metric)
    half = half_width(values)
    return f"{metric} {format_number(fmean(values))}" + (f" ± {half:.2g}" if half else "")


def _means(details: Details) -> list[Part]:
    columns = ["class", "support", "precision", "recall", "f1"]
    rows = [[one[key] for key in ("name", *columns[1:])] for one in details.content["classes"]]
    parts: list[Part] = [Table(columns, rows)] if rows else []
    if details.confusion:
        caption = "Confusions, mean over the models of the folds: samples by true and by predicted"
        picture, figure = png(draw_confusion(details)), confusion_figure(details)
        parts.append(Picture("confusion.png", f"{caption} class", picture, figure))
    return parts


def mean_content(found: Sequence[Details]) -> dict[str, Any]:
    """The mean of classes and confusions of some tests on the same samples."""
    rows = zip(*(one.content.get("classes") or [] for one in found), strict=True)
    classes = [
        {"name": row[0]["name"]}
        | {key: _mean([one.get(key) for one in row]) for key in _NUMBERS_OF_A_CLASS}
        for row in rows
    ]
    confusions = [one.confusion for one in found]
    if not all(confusions):
        return {"classes": classes, "confusion": None}
    rows_of_all = zip(*confusions, strict=True)
    means = [[round(fmean(one), 1) for one in zip(*rows, strict=True)] for rows in rows_of_all]
    return {"classes": classes, "confusion": means}


_NUMBERS_OF_A_CLASS = ("support", "precision", "recall", "f1")


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None
