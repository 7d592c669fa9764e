"""What a request would cost, without running it."""

from typing import Any

from leyden.config.fit import fit_to_data
from leyden.config.job import Plan
from leyden.config.problem import ConfigError


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """For each job what sets it apart, its size and its cost.

    Raises:
        ConfigError: Jobs that do not fit their data; all of them.
    """
    rows, problems = [], []
    for job in plan.jobs:
        try:
            fitted = fit_to_data(job.cfg)
        except ConfigError as error:
            found = error.problems
            problems += [p.of_job(job.overrides) if plan.is_sweep else p for p in found]
            continue
        rows.append(
            {
                "overrides": list(job.overrides),
                "model": job.choices["model"],
                "data": job.choices["data"],
                "width": fitted.cfg.model.get("width"),
                "depth": fitted.cfg.model.get("depth"),
                "params": fitted.params.as_dict(),
                "steps": fitted.steps,
                "flops": {
                    "per_step": fitted.flops_per_step,
                    "total": fitted.flops_per_step * fitted.steps,
                },
            }
        )
    if problems:
        raise ConfigError(problems)
    return rows
