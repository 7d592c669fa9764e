"""The report's tables: every job, every configuration, every failure."""

from collections import Counter
from statistics import fmean

from leyden.config.test_part import is_of_test_part
from leyden.sweeps.objective import half_width
from leyden.sweeps.report.baselines import metric_values, shown_test_metrics
from leyden.sweeps.report.document import Measured, Table
from leyden.sweeps.report.jobs import (
    NO_FAILURE,
    UNTRIED,
    JobResult,
    as_number,
    finite,
)
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.statistics import compare

MOST_METRICS = 2
"""Of the test part, in a table that is read; the CSV has all."""


def jobs_table(results: Results) -> Table:
    """A row a job for other programs: with all metrics, and all digits of sampled values."""
    axes = list(dict.fromkeys(key for job in results.jobs for key in job.values))
    objectives = [f"objective {objective.metric}" for objective in results.record.objectives]
    metrics = sorted({name for job in results.jobs for name in job.run.get("metrics") or {}})
    costs = ["parameters", "FLOPs in steps", "fit seconds", "job seconds"]
    columns = ["job", *axes, "state", *objectives, *metrics, *costs, "attempts", "folder"]
    rows = []
    for job in results.jobs:
        values = [job.values.get(axis) for axis in axes]
        rows.append([job.number, *values, *_outcome(job, len(objectives), metrics)])
    return Table(columns, rows)


def shown_jobs_table(results: Results) -> Table:
    """A row a job, for reading: the metrics that say most, and what is no constant."""
    axes = list(dict.fromkeys(key for job in results.jobs for key in job.values))
    objectives = [objective.metric for objective in results.record.objectives]
    metrics = [name for name in _shown_metrics(results) if name not in objectives]
    is_again = any(job.entry.attempts > 1 for job in results.jobs)
    names = [results.all_names[axis] for axis in axes]
    costs = ["parameters", "fit s", *(["attempts"] if is_again else []), "folder"]
    rows = []
    for job in results.jobs:
        found = job.run.get("metrics") or {}
        row: list[object] = [job.number]
        row += [_shown_value(job.values.get(axis)) for axis in axes]
        row += [job.entry.state, job.reached]
        row += [job.objective(place) for place in range(1, len(objectives))]
        row += [finite(found.get(name)) for name in metrics]
        row += [_whole(job.cost("params")), job.cost("seconds")]
        row += [*([job.entry.attempts] if is_again else []), job.entry.folder]
        rows.append(row)
    columns = ["job", *names, "state", *objectives, *metrics, *costs]
    ids = [f"job-{job.number}" for job in results.jobs]
    return Table(columns, rows, ids, [_mark(job) for job in results.jobs])


def _shown_value(text: str | None) -> float | str | None:
    """An axis' value: a number as such, so that a table is sorted by it."""
    number = None if text is None else as_number(text)
    return text if number is None else int(number) if number.is_integer() else number


def _mark(job: JobResult) -> str:
    if job.entry.state in UNTRIED:
        return "pending"
    if job.entry.state in NO_FAILURE:
        return "pruned" if job.entry.state == "pruned" else ""
    return "failed"


def _shown_metrics(results: Results) -> list[str]:
    """The test metrics that say most of the best configuration."""
    return shown_test_metrics(results.scored[0])[:MOST_METRICS] if results.scored else []


def _outcome(job: JobResult, objectives: int, metrics: list[str]) -> list[object]:
    found = job.run.get("metrics") or {}
    return [
        job.entry.state,
        *(job.reached if place == 0 else job.objective(place) for place in range(objectives)),
        *(finite(found.get(name)) for name in metrics),
        _whole(job.cost("params")),
        job.cost("flops"),
        job.cost("seconds"),
        job.entry.seconds,
        job.entry.attempts,
        job.entry.folder,
    ]


def configurations_table(results: Results) -> Table:
    """A row a configuration, the best first, and whether it differs from the best.

    Those whose jobs were all pruned follow, with the value that they had by then.
    """
    scored, others = results.scored, results.record.objectives[1:]
    metrics = _test_metrics(results)
    rows: list[list[object]] = []
    for place, (configuration, one) in enumerate(zip(scored, compare(scored), strict=True)):
        rows.append(
            [
                configuration.rank,
                configuration.label,
                configuration.mean,
                half_width(configuration.scores),
                *(configuration.mean_objective(1 + k) for k in range(len(others))),
                f"{len(configuration.scores)} of {len(configuration.jobs)}",
                abs(configuration.mean - scored[0].mean),
                one.p,
                one.detectable,
                one.verdict if place else "best",
                *_costs(configuration),
                *_tested(configuration, metrics),
            ]
        )
    rows += [_pruned_row(results, configuration) for configuration in results.pruned]
    return Table(_configuration_columns(results), rows)


def _pruned_row(results: Results, configuration: Configuration) -> list[object]:
    """Of a configuration of which no job was trained to its end."""
    scored, reached = results.scored, configuration.reached
    behind = results.objective.sign * (reached - scored[0].mean) if scored else None
    return [
        configuration.rank,
        configuration.label,
        reached,
        None,
        *(None for _ in results.record.objectives[1:]),
        f"0 of {len(configuration.jobs)}",
        behind,
        None,
        None,
        pruned_words(configuration.pruned),
        *_costs(configuration),
        *(None for _ in range(2 * len(_test_metrics(results)))),
    ]


def _test_metrics(results: Results) -> list[str]:
    """The test metrics of all completed jobs."""
    names = {name for job in results.completed for name in job.run.get("metrics") or {}}
    return sorted(name for name in names if is_of_test_part(name))


def _tested(configuration: Configuration, metrics: list[str]) -> list[object]:
    """For each test metric its mean over the repeats, and half the 95 % interval."""
    found: list[object] = []
    for metric in metrics:
        values = metric_values(configuration, metric)
        found += [fmean(values) if values else None, half_width(values)]
    return found


def shown_configurations_table(results: Results) -> Table:
    """A row a configuration, for reading: means with their intervals, also of the test part.

    Those without any value, whose jobs failed, come last.
    """
    scored, main = results.scored, results.objective.metric
    others = [objective.metric for objective in results.record.objectives[1:]]
    metrics = [name for name in _shown_metrics(results) if name not in (main, *others)]
    rows: list[list[object]] = []
    for place, (configuration, one) in enumerate(zip(scored, compare(scored), strict=True)):
        row: list[object] = [configuration.rank, configuration.label]
        row.append(Measured(configuration.mean, half_width(configuration.scores)))
        row += [configuration.mean_objective(1 + k) for k in range(len(others))]
        for metric in metrics:
            values = metric_values(configuration, metric)
            row.append(Measured(fmean(values), half_width(values)) if values else None)
        row += [f"{len(configuration.scores)} of {len(configuration.jobs)}"]
        row += [abs(configuration.mean - scored[0].mean) if place else None, one.p]
        verdict = one.verdict.partition(" with ")[0] if place else "best"
        rows.append([*row, verdict, *_shown_costs(configuration)])
    for configuration in results.configurations[len(scored) :]:
        rows.append(_row_without_score(configuration, len(others) + len(metrics)))
    differing = ["jobs", "behind", "p (Holm)", "verdict"]
    columns = ["rank", "configuration", main, *others, *metrics, *differing]
    columns += ["parameters", "fit s"]
    ids = [f"configuration-{one.rank}" for one in results.configurations]
    marks = [
        "" if one.scores else "pruned" if one.pruned else "failed" for one in results.configurations
    ]
    marks[:1] = ["best"] if scored else marks[:1]
    return Table(columns, rows, ids, marks)


def _row_without_score(configuration: Configuration, others: int) -> list[object]:
    """Of a configuration whose jobs were pruned, failed, or have not ended."""
    states = Counter(job.entry.state for job in configuration.jobs)
    said = ", ".join(f"{count} {state}" for state, count in states.most_common())
    reached, verdict = None, f"no value: {said}"
    if configuration.pruned:
        reached, verdict = Measured(configuration.reached), pruned_words(configuration.pruned)
    row: list[object] = [configuration.rank, configuration.label, reached, *([None] * others)]
    return [
        *row,
        f"0 of {len(configuration.jobs)}",
        None,
        None,
        verdict,
        *_shown_costs(configuration),
    ]


def pruned_words(jobs: list[JobResult]) -> str:
    """`pruned at step 45`, with as many steps as there are different ones."""
    steps = sorted({job.last_step for job in jobs if job.last_step is not None})
    return f"pruned at step {', '.join(map(str, steps))}" if steps else "pruned"


def _costs(configuration: Configuration) -> list[object]:
    return [
        _whole(configuration.mean_cost("params")),
        configuration.mean_cost("flops"),
        configuration.mean_cost("seconds"),
    ]


def _shown_costs(configuration: Configuration) -> list[object]:
    parameters, _, seconds = _costs(configuration)
    return [parameters, seconds]


def _configuration_columns(results: Results) -> list[str]:
    main, *others = [f"mean {objective.metric}" for objective in results.record.objectives]
    differing = ["behind", "p (Holm)", "smallest detectable", "verdict"]
    costs = ["parameters", "FLOPs in steps", "fit seconds"]
    tests = [
        name for metric in _test_metrics(results) for name in (f"mean {metric}", f"95 % ± {metric}")
    ]
    return ["rank", "configuration", main, "95 % ±", *others, "jobs", *differing, *costs, *tests]


def failures_table(results: Results) -> Table:
    """A row a job that did not end well, with the class of its failure and its log."""
    rows: list[list[object]] = [
        [
            job.number,
            " ".join(job.entry.overrides),
            job.entry.state,
            job.entry.failure,
            job.entry.attempts,
            job.error or None,
            f"{job.entry.folder}/train.log" if job.entry.folder else None,
        ]
        for job in results.jobs
        if job.entry.state not in NO_FAILURE
    ]
    return Table(["job", "overrides", "state", "class", "attempts", "error", "log"], rows)


def _whole(value: float | None) -> int | float | None:
    return int(value) if value is not None and value.is_integer() else value
