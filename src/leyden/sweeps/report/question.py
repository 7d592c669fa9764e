"""The question that a sweep asks: its axes, their values, and what they are compared by."""

from leyden.config.sweep_declaration import FOLD
from leyden.formatting import printable
from leyden.sweeps.report.jobs import short_value
from leyden.sweeps.report.order import is_numeric, ordered_levels
from leyden.sweeps.report.results import Results

MOST_VALUES = 6
MOST_FILTER_VALUES = 20


def question(results: Results) -> str:
    """`Question: which of model (mlp, cnn) x optimizer (sgd, adamw) gives the lowest val/loss?`."""
    objective, repeated = results.objective, results.record.repeated
    folded = [key for key in repeated if any(key in job.values for job in results.jobs)]
    others = [f"{key} ({_values(results, key)})" for key in folded if key != FOLD]
    end = f" Repeated over {', '.join(others)}." if others else ""
    if FOLD in folded:
        folds = {job.values[FOLD] for job in results.jobs if FOLD in job.values}
        end += f" Cross-validated over {len(folds)} folds."
    axes = [f"{name} ({_values(results, key)})" for key, name in results.names.items()]
    if not axes:
        return f"Question: which {objective.metric} does the configuration reach?{end}"
    best = "lowest" if objective.mode == "min" else "highest"
    return f"Question: which of {' x '.join(axes)} gives the {best} {objective.metric}?{end}"


def _values(results: Results, key: str) -> str:
    found = ordered_levels(results, key)
    if not found:
        return "no value yet"
    if len(found) > MOST_VALUES and is_numeric(found):
        return f"{short_value(found[0])} to {short_value(found[-1])}"
    more = f" and {len(found) - MOST_VALUES} more" if len(found) > MOST_VALUES else ""
    return ", ".join(map(short_value, found[:MOST_VALUES])) + more


def filters(results: Results) -> tuple[dict[str, list[str]], dict[str, dict[str, str]]]:
    """By which axes and values the page can be filtered, and the values of each row.

    Returns:
        For each axis of a few values, by its short name, these in their natural order; and for the
        name of each row of a job or a configuration its value of each such axis.
    """
    kept = {}
    for key, name in results.all_names.items():
        found = ordered_levels(results, key)
        if 1 < len(found) <= MOST_FILTER_VALUES:
            kept[key] = name, found
    shown = {printable(name): [printable(text) for text in found] for name, found in kept.values()}
    rows = [(f"job-{job.number}", job.values) for job in results.jobs]
    rows += [(f"configuration-{one.rank}", one.values) for one in results.configurations]
    values = {
        row: {printable(name): printable(own[key]) for key, (name, _) in kept.items() if key in own}
        for row, own in rows
    }
    return (shown, values) if shown else ({}, {})
