"""How long the jobs of a plan would take, from real steps of a few of them."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, inf

import numpy as np
import torch
from pytorch_lightning.utilities.seed import isolate_rng
from scipy.optimize import nnls

from leyden.analysis.step_times import LONGEST, Measured, measure, operations_a_second, step_flops
from leyden.config.compose import ComposedRequest
from leyden.data import DataModule
from leyden.distributed.resources import torch_threads
from leyden.events import Observer
from leyden.planning.batch import num_processes_of
from leyden.planning.cache import Cache
from leyden.planning.resolve import ResolvedConfig
from leyden.planning.steps import steps_between_validations, steps_per_epoch
from leyden.run.log import quiet_libraries

MOST_BYTES = 4e9

USE = 0.1, 1.5
"""What share of a device's speed in products of matrices a large network makes use of: at least,
and at the most, which is more than all since larger matrices are quicker."""

JOB_SECONDS = 0.3
"""Of a job beside its first step: a process, a folder, logs, pictures; 0.25 to 0.4 s on two cores
of an AMD EPYC."""

BYTES_A_SECOND = 3e8
"""At which a checkpoint is written, synced and its SHA-256 computed."""

ERROR = 0.5
"""Relative error of the time of a job that was itself measured: a step takes so much longer, or
less long, on a machine whose cores all have a job than on one that is idle."""


@dataclass(frozen=True)
class Estimate:
    """Seconds that a job takes, from its process's start to its end.

    Attributes:
        low: It hardly takes less.
        high: It hardly takes more.
        likely: None where a single size of the job's family could be measured and this one is
            larger: then the ends are those of a device that computes as quickly as it can, and of
            a step that takes longer in proportion to its operations.
    """

    low: float
    high: float
    likely: float | None


@dataclass(frozen=True)
class Line:
    """Seconds a + b x operations, fitted to what was measured.

    Attributes:
        intercept: a, not negative.
        slope: b, not negative.
        error: The greatest relative distance of a measured value from the line.
    """

    intercept: float
    slope: float
    error: float

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]]) -> "Line":
        """The line with the least sum of squared relative errors.

        Non-negative least squares (Lawson and Hanson, 1974, by `scipy.optimize.nnls`) with each
        equation divided by its value, since a step of a large network takes thousands of times as
        long as one of a small network.

        Args:
            points: Operations and positive seconds.
        """
        x, y = np.array(points, dtype=float).T
        scale = x.max() or 1.0
        (intercept, slope), _ = nnls(np.stack([1 / y, x / scale / y], axis=1), np.ones(len(y)))
        fitted = intercept + slope / scale * x
        return cls(float(intercept), float(slope / scale), float(np.abs(fitted / y - 1).max()))

    def __call__(self, x: float) -> float:
        return self.intercept + self.slope * x


Family = list[int]
"""Places of jobs with one kind of model and optimizer, on the same data in the same precision."""


def estimate_times(
    composed: ComposedRequest,
    resolved: list[ResolvedConfig],
    memory: list[int | None],
    cache: Cache,
    observer: Observer,
) -> list[Estimate | None]:
    """Seconds of each job; None where nothing of its family can be measured.

    Of a family the smallest job is measured, the largest that is expected to be quick enough, and
    while there is time those between; a line through them gives the others.

    Args:
        composed: Each job of a sweep has the threads that its launcher says, a single one has all.
        resolved: The jobs.
        memory: Bytes that each of them takes.
        cache: Has their data.
        observer: Is told of steps that fail.
    """
    families: dict[tuple[str, ...], Family] = defaultdict(list)
    for place, (job, one) in enumerate(zip(composed.jobs, resolved, strict=True)):
        cfg = one.cfg
        if memory[place] is not None and one.flops_per_step:
            kind = cfg.model._target_, cfg.optimizer._target_, cfg.trainer.precision
            families[*kind, job.choices["data"]].append(place)
    estimates: list[Estimate | None] = [None] * len(resolved)
    sweep = composed.sweep
    threads = torch.get_num_threads() if sweep is None else int(sweep.launcher.get("threads", 1))
    with torch_threads(threads), isolate_rng(), quiet_libraries():
        small = {
            kind: [resolved[place] for place in places if (memory[place] or 0) <= MOST_BYTES]
            for kind, places in families.items()
        }
        measured = measure_families(list(small.values()), cache, observer)
        for places, found in zip(families.values(), measured, strict=True):
            for place in places if found else []:
                estimates[place] = estimate(resolved[place], found)
    return estimates


def measure_families(
    families: list[list[ResolvedConfig]], cache: Cache, observer: Observer
) -> list[list[Measured]]:
    """What was measured of each family, in the order of operations.

    First of all one job of each, then the largest of each, then those between, as long as each is
    worth its time.
    """
    budgets = {smallest: inf, largest: 5.0, middle: 2.5}  # seconds since the beginning
    sizes = [{step_flops(one): one for one in jobs} for jobs in families]
    found: list[list[Measured]] = [[] for _ in families]
    begin = time.perf_counter()
    for which, budget in budgets.items():
        for jobs, known in zip(sizes, found, strict=True):
            while time.perf_counter() - begin < budget:
                flops = which(jobs, known)
                if flops is None:
                    break
                result = measure(jobs.pop(flops), cache, observer)
                if result is not None:
                    known.append(result)
                    known.sort(key=lambda one: one.flops)
                elif which is smallest:  # larger ones can't be measured either
                    jobs.clear()
    return found


def smallest(jobs: dict[int, ResolvedConfig], known: list[Measured]) -> int | None:
    """The least operations of a family's jobs, until one has been measured."""
    return None if known else min(jobs, default=None)


def largest(jobs: dict[int, ResolvedConfig], known: list[Measured]) -> int | None:
    """The most operations of a job whose step is expected to be quick enough."""
    if not known:
        return None
    last = known[-1]
    for flops in sorted((size for size in jobs if size > last.flops), reverse=True):
        # A step that turns out to be too long is ended after its forward pass, a third of it.
        if longest_step(flops, last, jobs[flops]) / 3 <= LONGEST:
            return flops
    return None


def middle(jobs: dict[int, ResolvedConfig], known: list[Measured]) -> int | None:
    """The size nearest to the geometric mean of the smallest and the largest; three are enough."""
    if len(known) != 2:
        return None
    between = [size for size in jobs if known[0].flops < size < known[1].flops]
    mean = (known[0].flops * known[1].flops) ** 0.5
    return min(between, key=lambda size: abs(np.log(size / mean)), default=None)


def longest_step(flops: int, last: Measured, resolved: ResolvedConfig) -> float:
    """Seconds that a step takes at the most: in proportion to a smaller one, or to products."""
    by_products = flops / (USE[0] * operations_a_second(resolved.cfg.trainer))
    return min(last.step * flops / last.flops, by_products)


def estimate(resolved: ResolvedConfig, measured: list[Measured]) -> Estimate:
    """Seconds of a job.

    Args:
        resolved: The job.
        measured: Measured jobs of its family, at least one, in the order of operations.
    """
    flops, validations = step_flops(resolved), num_validations(resolved)
    last, steps = measured[-1], resolved.steps or 0

    def seconds_of(part: Callable[[Measured], float]) -> Line:
        return Line.through([(one.flops, max(part(one), 1e-6)) for one in measured])

    def whole(step: float, validation: float, test: float, start: float) -> float:
        fixed = JOB_SECONDS + checkpoint_seconds(resolved)
        return fixed + start + steps * step + validations * validation + test

    beyond = max(1.0, flops / last.flops)
    constant = whole(last.step, last.validation, last.test, last.start)
    in_proportion = whole(
        *(beyond * x for x in (last.step, last.validation, last.test, last.start))
    )
    if len(measured) == 1:
        quickest = steps * flops / (USE[1] * operations_a_second(resolved.cfg.trainer))
        low = max(constant / (1 + ERROR), quickest) if beyond > 1 else constant / (1 + ERROR)
        high = (1 + ERROR) * in_proportion
        return Estimate(min(low, high), high, constant if beyond == 1 else None)
    parts = (
        seconds_of(lambda one: one.step),
        seconds_of(lambda one: one.validation),
        seconds_of(lambda one: one.test),
        seconds_of(lambda one: one.start),
    )
    likely = whole(*(line(flops) for line in parts))
    error = ERROR + parts[0].error
    high = in_proportion if beyond > 1 else likely
    return Estimate(likely / (1 + error), (1 + error) * max(high, likely), likely)


def num_validations(resolved: ResolvedConfig) -> int:
    """Validations of a run, with the one at its last step. Those after a time are not counted."""
    assert isinstance(resolved.data, DataModule)
    cfg, samples = resolved.cfg, resolved.data.train_samples
    steps, epoch = resolved.steps or 0, steps_per_epoch(cfg, samples)
    interval = steps_between_validations(cfg, samples) or epoch
    every = cfg.trainer.check_val_every_n_epoch
    if every is None:  # steps count across epochs
        return ceil(steps / interval)
    epochs, rest = divmod(steps, epoch)
    due = epochs // every * (epoch // interval)
    if rest == 0:
        is_last_due = epochs % every == 0 and epoch % interval == 0
    else:
        is_in_turn = (epochs + 1) % every == 0
        due += rest // interval if is_in_turn else 0
        is_last_due = is_in_turn and rest % interval == 0
    return int(due) + (not is_last_due)


def checkpoint_seconds(resolved: ResolvedConfig) -> float:
    """Of the best checkpoint and the last one, each with weights and two moments in 32 bits."""
    return 2 * 3 * 4 * resolved.params.total / num_processes_of(resolved.cfg) / BYTES_A_SECOND
