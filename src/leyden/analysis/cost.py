"""What every job of a request would cost, without running it."""

from typing import Any

from leyden.analysis.timing import Estimate, estimate_times
from leyden.cli.terminal import show_data_sets, show_note
from leyden.config.job import Job, Plan, Sweep
from leyden.planning.memory import memory_bytes
from leyden.planning.resolve import Fitted, Memo, fit_plan
from leyden.sweeps.distinct import distinct_jobs
from leyden.sweeps.launchers import Local, Stacked
from leyden.training.build import make


def plan_rows(plan: Plan) -> list[dict[str, Any]]:
    """For each job what sets it apart, its size and its cost; null where it is not known.

    Raises:
        ConfigError: Jobs that do not fit their data; all of them.
    """
    memo = Memo()
    plan, fitted, notes = distinct_jobs(plan, fit_plan(plan, fetch=False, memo=memo))
    for note in notes:
        show_note(note)
    choices = [job.choices["data"] for job in plan.jobs]
    show_data_sets(zip(choices, (one.data for one in fitted), strict=True))
    memory = [memory_bytes(one.cfg, one.spec, memo) for one in fitted]
    times = estimate_times(plan, fitted, memory, memo)
    return [
        _row(job, one, in_bytes, estimate, is_sweep=plan.sweep is not None)
        for job, one, in_bytes, estimate in zip(plan.jobs, fitted, memory, times, strict=True)
    ]


def slots(sweep: Sweep, *, devices: int) -> int | None:
    """Jobs of a sweep that its launcher runs at a time; None where only a cluster knows.

    Of stacks it is their number: how much sooner their jobs are done together is not known.
    """
    launcher = make(sweep.launcher)
    local = launcher.local if isinstance(launcher, Stacked) else launcher
    if isinstance(local, Local):
        return len(local.shares(devices, wants_gpu=True))
    return int(getattr(launcher, "slots", 0)) or None


def _row(
    job: Job, fitted: Fitted, memory: int | None, estimate: Estimate | None, *, is_sweep: bool
) -> dict[str, Any]:
    per_step, steps = fitted.flops_per_step, fitted.steps
    return {
        "job": _name(job, is_sweep=is_sweep),
        "overrides": list(job.overrides),
        "model": job.choices["model"],
        "data": job.choices["data"],
        "data_report": fitted.data.report.as_plain(),
        "width": fitted.cfg.model.get("width"),
        "depth": fitted.cfg.model.get("depth"),
        "params": fitted.params.as_dict(),
        "steps": steps,
        "flops": {
            "per_step": per_step,
            "per_token": _per_token(fitted),
            "total": None if per_step is None else per_step * steps,
        },
        "memory_bytes": memory,
        "seconds": estimate and estimate.likely,
        "seconds_range": estimate and [estimate.low, estimate.high],
    }


def _per_token(fitted: Fitted) -> int | None:
    """Operations of a step for each of its tokens; None where the data is not text."""
    if fitted.flops_per_step is None or fitted.spec.kind != "text":
        return None
    tokens = int(fitted.cfg.data.batch_size) * fitted.spec.input_shape[0]
    return fitted.flops_per_step // tokens


def _name(job: Job, *, is_sweep: bool) -> str:
    """What sets a job apart from the others; an option is said without its group."""
    given = job.assignment.overrides() if is_sweep else job.overrides
    words = [text.partition("=") for text in given]
    return " ".join(value if key in job.choices else f"{key}={value}" for key, _, value in words)
