"""What every job of a request would cost, without running it."""

from typing import Any

from leyden.analysis.module_times import ModuleCosts, measure_modules
from leyden.analysis.timing import Estimate, estimate_times
from leyden.config.compose import ComposedRequest, SweepSpec
from leyden.config.instantiate import make
from leyden.config.job import Job
from leyden.config.module_run import is_module_run
from leyden.data.capabilities import report_of
from leyden.events import Note, Observer
from leyden.planning.cache import Cache
from leyden.planning.memory import memory_bytes
from leyden.planning.resolve import ResolvedConfig, resolve_jobs
from leyden.sweeps.distinct import distinct_jobs
from leyden.sweeps.events import DataRead
from leyden.sweeps.launchers import Local, Stacked


def plan_rows(composed: ComposedRequest, *, observer: Observer) -> list[dict[str, Any]]:
    """For each job what sets it apart, its size and its cost; null where it is not known.

    Args:
        composed: Validated jobs.
        observer: Is told what was read of the data, and what could not be measured.

    Raises:
        ConfigError: Jobs that do not fit their data; all of them.
    """
    cache = Cache()
    composed, resolved, notes = distinct_jobs(
        composed, resolve_jobs(composed, fetch=False, cache=cache)
    )
    for note in notes:
        observer(Note(note))
    choices = [job.choices["data"] for job in composed.jobs]
    observer(DataRead(list(zip(choices, (one.data for one in resolved), strict=True))))
    memory = [
        memory_bytes(one.cfg, one.spec, cache) if one.spec and not is_module_run(one.cfg) else None
        for one in resolved
    ]
    times = estimate_times(composed, resolved, memory, cache, observer)
    is_sweep = composed.sweep is not None
    rows = [
        _row(job, one, in_bytes, estimate, is_sweep=is_sweep)
        for job, one, in_bytes, estimate in zip(composed.jobs, resolved, memory, times, strict=True)
    ]
    of_modules = [place for place, one in enumerate(resolved) if is_module_run(one.cfg)]
    costs = measure_modules([resolved[place] for place in of_modules], observer)
    for place, found in zip(of_modules, costs, strict=True):
        if found is not None:
            rows[place] |= _measured(found)
    return rows


def _measured(costs: ModuleCosts) -> dict[str, Any]:
    """What only the first steps of a LightningModule's run could tell."""
    steps, per_step, estimate = costs.steps, costs.flops_per_step, costs.estimate
    return {
        "steps": steps,
        "flops": {
            "per_step": per_step,
            "per_token": None,
            "total": None if steps is None else per_step * steps,
        },
        "memory_bytes": costs.memory_bytes,
        "seconds": estimate and estimate.likely,
        "seconds_range": estimate and [estimate.low, estimate.high],
        "resume": costs.exactness.exactness,
    }


def slots(sweep: SweepSpec, *, devices: int) -> int | None:
    """Jobs of a sweep that its launcher runs at a time; None where only a cluster knows.

    Of stacks it is their number: how much sooner their jobs are done together is not known.
    """
    launcher = make(sweep.launcher)
    local = launcher.local if isinstance(launcher, Stacked) else launcher
    if isinstance(local, Local):
        return len(local.shares(devices, wants_gpu=True))
    return int(getattr(launcher, "slots", 0)) or None


def _row(
    job: Job,
    resolved: ResolvedConfig,
    memory: int | None,
    estimate: Estimate | None,
    *,
    is_sweep: bool,
) -> dict[str, Any]:
    per_step, steps = resolved.flops_per_step, resolved.steps
    return {
        "job": _name(job, is_sweep=is_sweep),
        "overrides": list(job.overrides),
        "model": job.choices["model"],
        "data": job.choices["data"],
        "data_report": report_of(resolved.data).as_plain(),
        "width": resolved.cfg.model.get("width"),
        "depth": resolved.cfg.model.get("depth"),
        "params": resolved.params.as_dict(),
        "steps": steps,
        "flops": {
            "per_step": per_step,
            "per_token": _per_token(resolved),
            "total": None if per_step is None or steps is None else per_step * steps,
        },
        "memory_bytes": memory,
        "seconds": estimate and estimate.likely,
        "seconds_range": estimate and [estimate.low, estimate.high],
        "resume": "exact",
    }


def _per_token(resolved: ResolvedConfig) -> int | None:
    """Operations of a step for each of its tokens; None but of language models."""
    spec = resolved.spec
    if resolved.flops_per_step is None or spec is None or spec.task_name != "language_modeling":
        return None
    tokens = int(resolved.cfg.data.batch_size) * spec.input_shape[0]
    return resolved.flops_per_step // tokens


def _name(job: Job, *, is_sweep: bool) -> str:
    """What sets a job apart from the others; an option is said without its group."""
    given = job.assignment.overrides() if is_sweep else job.overrides
    words = [text.partition("=") for text in given]
    return " ".join(value if key in job.choices else f"{key}={value}" for key, _, value in words)
