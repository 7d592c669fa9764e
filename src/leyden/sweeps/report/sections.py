"""The sections of a report, each with its tables and pictures."""

from collections import Counter

from leyden.formatting import format_number
from leyden.sweeps.report.basin import (
    curves,
    draw_basin,
    edge_warnings,
    is_scattered,
    numeric_axes,
    pruned_points,
)
from leyden.sweeps.report.curves import (
    draw_curves,
    mean_curves,
    monitored_name,
    pruned_jobs,
    vertical_range,
)
from leyden.sweeps.report.document import Paragraph, Part, Picture, Section, Table
from leyden.sweeps.report.effects import draw_effects, draw_levels, level_means, variance_shares
from leyden.sweeps.report.importance import importances
from leyden.sweeps.report.interactive import (
    basin_figure,
    curves_figure,
    effects_figure,
    levels_figure,
    parallel_figure,
    pareto_figure,
)
from leyden.sweeps.report.jobs import NO_FAILURE
from leyden.sweeps.report.parallel import draw_parallel, parallel
from leyden.sweeps.report.pareto import draw_pareto, panels
from leyden.sweeps.report.results import Results
from leyden.sweeps.report.statistics import METHOD, Comparison, compare
from leyden.sweeps.report.style import MOST_CURVES, png
from leyden.sweeps.report.tables import (
    failures_table,
    shown_configurations_table,
    shown_jobs_table,
)
from leyden.sweeps.report.tensorboard import MOST_RUNS

ANOVA = (
    "Shares of the objective's sum of squares over completed jobs, by type II ANOVA; where "
    "combinations have different numbers of jobs, they need not add up to 1. Where p of the F test "
    "is not small, a share may be chance."
)
CENSORED = (
    "Means, intervals and tests are of completed jobs: what a pruned job would have reached is not "
    "known, and what a failed one reached is not its end."
)
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
    table = shown_configurations_table(results)
    parts += [table] if table.rows else []
    parts.append(Paragraph(what_counts(results)))
    if any(len(configuration.scores) > 1 for configuration in results.scored):
        parts.append(Paragraph(METHOD))
    return Section("Configurations", parts)


def what_counts(results: Results) -> str:
    """What the jobs are compared by, and which of them count."""
    objective = results.objective
    reduced = {"best": "the best", "last": "the last"}.get(
        str(objective.reduce), f"the mean of the last {objective.reduce}"
    )
    better = "less" if objective.mode == "min" else "more"
    repeated = ", ".join(results.record.repeated)
    folded = f" Jobs that differ only in {repeated} are folded to a mean." if repeated else ""
    if results.record.jobs_a_trial > 1:
        folded += " The search went by this mean: it is the objective of a trial."
    return (
        f"The objective is {objective.metric}, where monitored {reduced} of a job's validations; "
        f"{better} is better.{folded} Test metrics are of each job's best checkpoint; "
        f"configurations.csv has all of them. {CENSORED}"
    )


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
        picture, figure = png(draw_effects(found)), effects_figure(found)
        parts.append(Picture("effects.png", "Shares of variance", picture, figure))
    parts = [*parts, *_levels(results), *_basins(results), *_parallel(results)]
    return Section("Which axis matters", parts)


def _parallel(results: Results) -> list[Part]:
    """Every job as a line through its values."""
    scales, lines = parallel(results)
    if not lines:
        return []
    count, metric = len(results.jobs), results.objective.metric
    shown = f"the first {len(lines)} of {count} jobs" if len(lines) < count else "each job"
    caption = f"{shown} as a line through its values to its {metric}; the best are orange"
    if any(line.color is None for line in lines):
        caption += ", those that did not complete are grey and dotted"
    picture, figure = png(draw_parallel(scales, lines)), parallel_figure(results, scales, lines)
    return [Picture("parallel.png", caption[0].upper() + caption[1:], picture, figure)]


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
    picture, figure = png(draw_levels(results, means)), levels_figure(results, means)
    return [Table(columns, rows), Picture("levels.png", caption, picture, figure)]


def without_value(results: Results, *, with_pruned: bool) -> str:
    """A sentence on the jobs that are left out since they have no value, by their state."""
    counted = results.valued if with_pruned else results.completed
    states = Counter(job.entry.state for job in results.jobs if job not in counted)
    listed = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f" Left out, since they have no final value: {listed}." if listed else ""


def _basins(results: Results) -> list[Part]:
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
        picture, figure = png(draw_basin(results, axis, tried)), basin_figure(results, axis, tried)
        parts.append(Picture(name, caption, picture, figure))
    return parts


def learning(results: Results) -> Section:
    """Learning curves of the best configurations."""
    found = mean_curves(results.scored[:MOST_CURVES])
    grey = pruned_jobs(results)
    if not found and not grey:
        return Section("Learning curves")
    named = f"the {len(found)} best configurations" if len(found) > 1 else "the best configuration"
    unfinished = f"the {' and the '.join(grey)} jobs"
    caption = f"{monitored_name(results)} of {named if found else unfinished}"
    if any(len(curve.values[0]) > 1 for curve in found):
        caption += ", mean and range over the repeats"
    if found and grey:
        caption += f"; in grey that of {unfinished}"
    outside = vertical_range(results, found)[3]
    if outside:
        caption += "; the later part decides the range, outside of which"
        caption += " lies 1 value" if outside == 1 else f" lie {outside} values"
    picture, figure = png(draw_curves(results, found)), curves_figure(results, found)
    shown_picture = Picture("curves.png", caption, picture, figure)
    shown = "each configuration"
    if len(results.scored) > MOST_RUNS:
        shown = f"each of the {MOST_RUNS} best of {len(results.scored)} configurations"
    note = Paragraph(
        f"TensorBoard on the sweep's folder has the mean of {shown} as a run “mean …” under "
        "report/tensorboard, its band under CUSTOM SCALARS: the 95 % interval of the mean, or of "
        "two repeats their range."
    )
    return Section("Learning curves", [shown_picture, note])


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
    picture, figure = png(draw_pareto(results, found)), pareto_figure(results, found)
    return Section("Cost", [Picture("pareto.png", caption, picture, figure), table])


def failures(results: Results) -> Section:
    """Jobs that did not end well."""
    table = failures_table(results)
    return Section("Failures", [table] if table.rows else [Paragraph("None.")])


def every_job(results: Results) -> Section:
    """The table of jobs."""
    note = Paragraph(
        "The objective is of a job's validations; test metrics are of its best checkpoint. "
        "jobs.csv has all metrics."
    )
    table = shown_jobs_table(results)
    return Section("Jobs", [note, *([table] if table.rows else [])])
