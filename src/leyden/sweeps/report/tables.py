"""The report's tables: every job, every configuration, every failure."""

from leyden.sweeps.objective import half_width
from leyden.sweeps.report.document import Table
from leyden.sweeps.report.jobs import NO_FAILURE, JobResult, finite, short_value
from leyden.sweeps.report.results import Configuration, Results
from leyden.sweeps.report.statistics import compare

SHOWN_METRICS = ("val/", "test/", "val_", "test_")


def jobs_table(results: Results, *, is_whole: bool) -> Table:
    """A row a job.

    Args:
        results: Results of the sweep.
        is_whole: For other programs: with all metrics, and all digits of sampled values.
    """
    axes = list(dict.fromkeys(key for job in results.jobs for key in job.values))
    objectives = [f"objective {objective.metric}" for objective in results.record.objectives]
    metrics = sorted({name for job in results.jobs for name in job.run.get("metrics") or {}})
    metrics = [name for name in metrics if is_whole or name.startswith(SHOWN_METRICS)]
    costs = ["parameters", "FLOPs in steps", "fit seconds", "job seconds"]
    columns = ["job", *axes, "state", *objectives, *metrics, *costs, "attempts", "folder"]
    rows = []
    for job in results.jobs:
        values = [job.values.get(axis) for axis in axes]
        if not is_whole:
            values = [value and short_value(value) for value in values]
        rows.append([job.number, *values, *_outcome(job, len(objectives), metrics)])
    return Table(columns, rows)


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


def _configuration_columns(results: Results) -> list[str]:
    main, *others = [f"mean {objective.metric}" for objective in results.record.objectives]
    differing = ["behind", "p (Holm)", "smallest detectable", "verdict"]
    costs = ["parameters", "FLOPs in steps", "fit seconds"]
    return ["rank", "configuration", main, "95 % ±", *others, "jobs", *differing, *costs]


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
