"""The sections of a report, each with its tables and pictures."""

from collections import Counter

from leyden.data.report import DataReport
from leyden.formatting import format_number
from leyden.sweeps.report.basin import (
    curves,
    draw_basin,
    edge_warnings,
    is_scattered,
    numeric_axes,
    pruned_points,
)
from leyden.sweeps.report.curves import draw_curves, mean_curves, monitored_name
from leyden.sweeps.report.document import Paragraph, Part, Picture, Section, Table
from leyden.sweeps.report.effects import draw_effects, draw_levels, level_means, variance_shares
from leyden.sweeps.report.importance import importances
from leyden.sweeps.report.jobs import NO_FAILURE
from leyden.sweeps.report.pareto import draw_pareto, panels
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.statistics import Comparison, compare
from leyden.sweeps.report.style import MOST_CURVES, png
from leyden.sweeps.report.tables import configurations_table, failures_table, jobs_table
from leyden.sweeps.report.tensorboard import MOST_RUNS

ANOVA = (
    "Shares of the objective's sum of squares over completed jobs, by type II ANOVA; where "
    "combinations have different numbers of jobs, they need not add up to 1. Where p of the F test "
    "is not small, a share may be chance."
)
MOST_ROWS = 100
MOST_NAMED = 8


def configurations(results: Results) -> Section:
    """Means, intervals, and which differences are noise."""
    parts: list[Part] = []
    compared = compare(results.scored)
    found = [one for one in compared if one.p is not None]
    if found:
        near = [one for one in found if not one.is_told_apart]
        text = f"{len(near)} of {len(found)} other configurations with repeats can't be told apart"
        parts.append(Paragraph(f"{text} from the best.{_seeing(near)}"))
    elif len(compared) > 1:
        parts.append(Paragraph("Without repeats that differ, the noise is unknown."))
    lost = [
        configuration.label
        for configuration in results.configurations
        if not configuration.scores
        and not configuration.pruned
        and any(job.entry.state not in NO_FAILURE for job in configuration.jobs)
    ]
    if lost:
        more = f"; and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
        parts.append(Paragraph(f"No job completed of: {'; '.join(lost[:MOST_NAMED])}{more}."))
    return Section("Configurations", [*parts, *_cut(configurations_table(results))])


def _seeing(near: list[Comparison]) -> str:
    """From which difference on they could have been told apart."""
    if not near:
        return ""
    least = [one.detectable for one in near if one.detectable is not None]
    low, high = format_number(min(least)), format_number(max(least))
    bound = low if low == high else f"{low} to {high}, depending on their noise,"
    return f" A difference of {bound} or more could have been."


def effects(results: Results) -> Section:
    """What each axis explains."""
    is_search = results.record.search is not None
    found, note = importances(results) if is_search else variance_shares(results)
    note = note if is_search or not found else f"{ANOVA} {note}"
    parts: list[Part] = [Paragraph(note + without_value(results, with_pruned=is_search))]
    if found:
        tested = [] if is_search else ["p (F)"]
        rows = [[one.name, one.share, *([one.p] if tested else [])] for one in found]
        parts.append(Table(["effect", "share of variance", *tested], rows))
        parts.append(Picture("effects.png", "Shares of variance", png(draw_effects(found))))
    return Section("Which axis matters", [*parts, *_levels(results)])


def _levels(results: Results) -> list[Part]:
    """The objective by value of each axis."""
    means, metric = level_means(results), results.objective.metric
    if not means:
        return []
    rows: list[list[object]] = [
        [axis, mean.name, mean.mean, len(mean.scores + mean.pruned), len(mean.pruned)]
        for axis, found in means.items()
        for mean in found
    ]
    columns = ["axis", "value", f"mean {metric}", "jobs", "of them pruned"]
    rings = ", pruned ones (rings) with what they had reached,"
    if not any(job.is_pruned for job in results.jobs):
        columns, rows, rings = columns[:-1], [row[:-1] for row in rows], ""
    caption = (
        f"{metric} by value of each axis: completed jobs (dots){rings} and their plain means "
        "(diamonds), which also carry what else differs between the jobs"
    )
    return [Table(columns, rows), Picture("levels.png", caption, png(draw_levels(results, means)))]


def without_value(results: Results, *, with_pruned: bool) -> str:
    """A sentence on the jobs that are left out since they have no value, by their state."""
    counted = results.valued if with_pruned else results.completed
    states = Counter(job.entry.state for job in results.jobs if job not in counted)
    listed = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f" Left out, since they have no final value: {listed}." if listed else ""


def basins(results: Results) -> Section:
    """The objective against each swept number."""
    parts: list[Part] = []
    for place, (axis, tried) in enumerate(numeric_axes(results).items()):
        found = curves(results, axis)
        if not found and not pruned_points(results, axis):
            continue
        parts += [Paragraph(text, is_warning=True) for text in edge_warnings(results, axis, tried)]
        caption = f"{results.objective.metric} against {axis}"
        if found and not is_scattered(found):
            caption += "; bars are 95 % intervals where there are repeats"
            left_out = len(found) - MOST_CURVES
            caption += f"; the {left_out} worst curves are left out" if left_out > 0 else ""
        name = f"basin_{place + 1}.png"
        parts.append(Picture(name, caption, png(draw_basin(results, axis, tried))))
    return Section("Swept numbers", parts)


def learning(results: Results) -> Section:
    """Learning curves of the best configurations."""
    found = mean_curves(results.scored[:MOST_CURVES])
    pruned = [job for job in results.jobs if job.is_pruned and job.monitored]
    if not found and not pruned:
        return Section("Learning curves")
    named = f"the {len(found)} best configurations" if len(found) > 1 else "the best configuration"
    caption = f"{monitored_name(results)} of {named if found else 'the pruned jobs'}"
    if any(len(curve.values[0]) > 1 for curve in found):
        caption += ", mean and range over the repeats"
    if found and pruned:
        caption += "; in grey that of the pruned jobs"
    picture = Picture("curves.png", caption, png(draw_curves(results, found)))
    shown = "each configuration"
    if len(results.scored) > MOST_RUNS:
        shown = f"each of the {MOST_RUNS} best of {len(results.scored)} configurations"
    note = Paragraph(
        f"TensorBoard on the sweep's folder has the mean of {shown} as a run “mean …” under "
        "report/tensorboard, its band under CUSTOM SCALARS: the 95 % interval of the mean, or of "
        "two repeats their range."
    )
    return Section("Learning curves", [picture, note])


def pareto(results: Results) -> Section:
    """What the objective costs."""
    found = panels(results)
    if not found:
        return Section("Cost")
    metric = results.objective.metric
    rows = [
        [panel.name, configuration.rank, configuration.label, cost, configuration.mean]
        for panel in found
        for cost, configuration in panel.front
    ]
    caption = (
        f"mean {metric} against its cost, a dot a configuration; on the front, whose numbers are "
        "ranks, nothing is both cheaper and better, by the means alone"
    )
    if results.pruned:
        caption += "; rings are pruned ones, cheap because they were cut short, and on no front"
    table = Table(["front of", "rank", "configuration", "cost", f"mean {metric}"], rows)
    return Section(
        "Cost", [Picture("pareto.png", caption, png(draw_pareto(results, found))), table]
    )


def failures(results: Results) -> Section:
    """Jobs that did not end well."""
    table = failures_table(results)
    return Section("Failures", [table] if table.rows else [Paragraph("None.")])


def every_job(results: Results) -> Section:
    """The table of jobs."""
    note = Paragraph(
        "Metrics are those at a run's end; test metrics are those of its best checkpoint."
    )
    return Section("Jobs", [note, *_cut(jobs_table(results, is_whole=False))])


def _cut(table: Table) -> list[Part]:
    if len(table.rows) <= MOST_ROWS:
        return [table] if table.rows else []
    note = f"The first {MOST_ROWS} of {len(table.rows)} rows; the CSV beside this file has all."
    return [Paragraph(note), Table(table.columns, table.rows[:MOST_ROWS])]


MOST_DATA_ROWS = 50
"""Classes and columns that are listed."""


def data(results: Results) -> Section:
    """The data sets, each once: parts, classes, columns, what was left out, and warnings."""
    different: dict[str, tuple[str, DataReport]] = {}
    for job in results.jobs:
        plain = job.run.get("data_report")
        if plain:
            name = str((job.run.get("choices") or {}).get("data", "data"))
            different.setdefault(repr((name, plain)), (name, DataReport.from_plain(plain)))
    parts: list[Part] = []
    for name, report in different.values():
        sizes = ", ".join(f"{size:,} {part}" for part, size in report.parts.items())
        split = f"; split {report.split}" if report.split else ""
        source = "; ".join(f"{what} {found}" for what, found in report.source.items())
        parts.append(Paragraph(f"{name}: {sizes} samples{split}." + (f" {source}." * bool(source))))
        parts += [Paragraph(warning, is_warning=True) for warning in report.warnings]
        parts += [Paragraph(f"{line}.") for line in report.left_out_lines()]
        parts += [Paragraph(f"{note}.") for note in report.notes]
        if report.classes:
            parts.append(_classes(report))
        if report.columns:
            parts.append(_columns(report))
    return Section("Data", parts)


def _classes(report: DataReport) -> Table:
    names = list(report.parts)
    rows = [
        [label, *(counts.get(part, 0) for part in names)]
        for label, counts in list(report.classes.items())[:MOST_DATA_ROWS]
    ]
    return Table(["class", *names], rows)


def _columns(report: DataReport) -> Table:
    rows = [
        [
            *(one.name, one.role, one.kind, one.distinct, one.num_missing),
            *(one.reason or one.made, one.filled),
        ]
        for one in report.columns[:MOST_DATA_ROWS]
    ]
    names = ["column", "role", "kind", "distinct", "missing", "made of it", "missing as"]
    return Table(names, rows)
