"""What a request would cost, without running it."""

from typing import Any

from leyden.config.fit import fit_plan
from leyden.config.job import Plan


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """For each job what sets it apart, its size and its cost; null where it is not known.

    Raises:
        ConfigError: Jobs that do not fit their data; all of them.
    """
    rows = []
    for job, fitted in zip(plan.jobs, fit_plan(plan, fetch=False), strict=True):
        per_step, steps = fitted.flops_per_step, fitted.steps
        rows.append(
            {
                "overrides": list(job.overrides),
                "model": job.choices["model"],
                "data": job.choices["data"],
                "width": fitted.cfg.model.get("width"),
                "depth": fitted.cfg.model.get("depth"),
                "params": fitted.params.as_dict(),
                "steps": steps,
                "flops": {
                    "per_step": per_step,
                    "total": None if per_step is None else per_step * steps,
                },
            }
        )
    return rows
