"""How long the jobs of a plan would take, from a few real steps of the smallest and the largest."""

import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities.seed import isolate_rng

from leyden.callbacks import OptimizerMode
from leyden.config.batch import num_processes_of
from leyden.config.build import build_net, build_task, build_trainer
from leyden.config.fit import Fitted, Memo, look
from leyden.config.plan import Plan
from leyden.config.user_code import in_a_line
from leyden.processes.threads import on_threads
from leyden.runs.log import quiet
from leyden.runs.record import status_after
from leyden.terminal import show_note

MOST_STEPS = 6
LONG = 0.2
"""Seconds after which no further step is measured."""

LONGEST = 2.0
"""Seconds that the largest job's step may be expected to take to be measured."""

MOST_FLOPS = {"cpu": 2e11, "cuda": 2e14}
"""Operations of a step that can be measured on a device."""

MOST_BYTES = 4e9

StepTime = Callable[[int], float]
"""Seconds of a step of so many operations."""


def time_steps(
    plan: Plan, fitted: list[Fitted], memory: list[int | None], memo: Memo
) -> list[float | None]:
    """Seconds of an optimizer step of each job, without validation; None where it is not known.

    Of jobs of one kind of model and optimizer, on the same data in the same precision, only the
    smallest and the largest are measured.

    Args:
        plan: The jobs of a sweep run on one core each, a single one on all cores.
        fitted: The jobs.
        memory: Bytes that each of them takes.
        memo: Has their data.
    """
    families = defaultdict(list)
    for place, (job, one) in enumerate(zip(plan.jobs, fitted, strict=True)):
        cfg = one.cfg
        kind = cfg.model._target_, cfg.optimizer._target_, cfg.trainer.precision
        if memory[place] is not None and one.flops_per_step:
            families[*kind, job.choices["data"]].append(place)
    seconds: list[float | None] = [None] * len(fitted)
    with on_threads(torch.get_num_threads() if plan.sweep is None else 1), isolate_rng(), quiet():
        for places in families.values():
            small = [fitted[place] for place in places if (memory[place] or 0) <= MOST_BYTES]
            step_time = _step_time(small, memo)
            if step_time is not None:
                for place in places:
                    seconds[place] = step_time(_flops(fitted[place]))
    return seconds


def _step_time(jobs: list[Fitted], memo: Memo) -> StepTime | None:
    """A straight line through the smallest job and the largest.

    Where the largest would take too long: as much longer as there are more operations.
    """
    jobs = sorted(jobs, key=_flops)
    least = measure(jobs[0], memo) if jobs else None
    if least is None:
        return None
    start, end = _flops(jobs[0]), _flops(jobs[-1])
    is_short = start < end and least * end / start <= LONGEST
    most = measure(jobs[-1], memo) if is_short else None
    if most is None:
        return lambda flops: least * max(1, flops / start)
    slope = max(0, (most - least) / (end - start))
    return lambda flops: least + slope * (flops - start)


def _flops(fitted: Fitted) -> int:
    """Operations of a device in a step."""
    return (fitted.flops_per_step or 0) // num_processes_of(fitted.cfg)


def measure(fitted: Fitted, memo: Memo) -> float | None:
    """Median seconds of some optimizer steps by the job's own trainer, after a first one.

    Of a job of several processes it is one's share, without what they tell each other.

    Returns:
        None where the data is not on this machine, the job has a single step, or a step takes too
        long or more than there is.
    """
    cfg = fitted.cfg.copy()
    cfg.data.batch_size //= num_processes_of(cfg)
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    data, spec, _ = look(cfg, memo)
    cfg.trainer.limit_val_batches = 0
    cfg.trainer.profiler = None
    clock = Clock()
    trainer = build_trainer(cfg, data, folder=None, callbacks=[OptimizerMode(), clock], loggers=[])
    if not data.is_readable or _flops(fitted) > MOST_FLOPS.get(
        trainer.strategy.root_device.type, 0
    ):
        return None
    try:
        trainer.fit(build_task(cfg, build_net(cfg, spec), spec), datamodule=data)
    except (Exception, SystemExit) as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # Lightning makes an exit of Ctrl-C
            raise KeyboardInterrupt from error
        if status_after(error) != "oom":
            show_note(f"a step can't be timed, for it fails: {in_a_line(error)}")
        return None
    return clock.seconds


class Clock(Callback):
    """Times the first optimizer steps of a run, and stops it."""

    def __init__(self) -> None:
        self.ends: dict[int, float] = {}

    @property
    def seconds(self) -> float | None:
        """Of a step: the median, without the first, which warms up."""
        gaps = [after - before for before, after in pairwise(self.ends.values())]
        return median(gaps) if gaps else None

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if trainer.global_step == 0:  # still accumulating
            return
        if task.device.type == "cuda":
            torch.cuda.synchronize(task.device)
        now = time.perf_counter()
        self.ends.setdefault(trainer.global_step, now)
        is_long = len(self.ends) > 1 and now - min(self.ends.values()) > LONG
        trainer.should_stop = is_long or len(self.ends) >= MOST_STEPS
