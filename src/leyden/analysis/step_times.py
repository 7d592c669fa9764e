"""How long a job's steps and validations take, by some real ones of its own trainer."""

import time
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from omegaconf import DictConfig
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from leyden.callbacks import ScheduleFreeMode
from leyden.config.instantiate import make
from leyden.config.module_run import is_module_run
from leyden.config.targets import find_target
from leyden.config.user_code import in_a_line
from leyden.data import DataModule
from leyden.events import Note, Observer
from leyden.planning.batch import num_processes_of
from leyden.planning.building import build_net, build_task
from leyden.planning.cache import Cache
from leyden.planning.resolve import ResolvedConfig, cached_data
from leyden.run.record import status_after
from leyden.training.build import build_trainer

MOST_STEPS = 40
LONG = 0.1
"""Seconds after which no further step and no further validation is measured."""

VERY_LONG = 1.0
"""Seconds from which the first step is taken as it is, though it warms up."""

LONGEST = 4.0
"""Seconds that a step may be expected to take at the most."""

MOST_BATCHES = 4
"""Of a validation; the others take as long."""

MOST_FLOPS = {"cpu": 2e11, "cuda": 2e14}
"""Operations of a step that can be measured on a device."""

TYPES = {
    "16": torch.float16,
    "bf16": torch.bfloat16,
    "32": torch.float32,
    "64": torch.float64,
}
"""In which matrices are multiplied, by the first part of `trainer.precision`."""

PROBE = 512
"""Rows of the square matrices by whose product a device's speed is found."""


@dataclass(frozen=True)
class Measured:
    """Seconds of the parts of a job.

    Attributes:
        flops: Operations of one device in an optimizer step.
        step: Seconds of an optimizer step.
        validation: Seconds of a validation.
        test: Seconds of the test at the end.
        start: Seconds of warm-up, until steps take their usual time.
    """

    flops: int
    step: float
    validation: float
    test: float
    start: float


def measure(resolved: ResolvedConfig, cache: Cache, observer: Observer) -> Measured | None:
    """Measures some optimizer steps by the job's own trainer, and part of a validation.

    Of a job of several processes it is one's share, without what they tell each other. Of the
    callbacks there are those that compute something in a validation; nothing is written.

    Returns:
        None where the data is not on this machine, the job has a single step, or a step takes more
        operations or more memory than there is.
    """
    if not isinstance(resolved.data, DataModule) or is_module_run(resolved.cfg):
        return None
    cfg = resolved.cfg.copy()
    cfg.data.batch_size //= num_processes_of(cfg)
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    data, spec, _ = cached_data(cfg, cache)
    assert isinstance(data, DataModule)
    assert spec is not None
    batches_wanted = cfg.trainer.limit_val_batches
    cfg.trainer.limit_val_batches = 0
    cfg.trainer.profiler = None
    clock = Clock()
    own = [make(node) for node in cfg.callbacks.values() if adds_to_validation(node)]
    callbacks = [ScheduleFreeMode(), clock, *own]
    trainer = build_trainer(cfg, data, folder=None, callbacks=callbacks, loggers=[])
    if not data.is_readable or step_flops(resolved) > MOST_FLOPS.get(device_of(trainer), 0):
        return None
    began = time.perf_counter()
    try:
        task = build_task(cfg, build_net(cfg, spec), spec)
        trainer.fit(task, datamodule=data)
        if clock.seconds is None:
            return None
        first = min(clock.ends.values()) - began
        num_val, num_test = len(data.splits.val), len(data.splits.test)
        share = share_of(batches_wanted, -(-num_val // data.eval_batch_size))
        validation = time_validation(trainer, task, clock, share)
    except TooLong:
        return None
    except (Exception, SystemExit) as error:
        if isinstance(error.__context__, KeyboardInterrupt):  # Lightning makes an exit of Ctrl-C
            raise KeyboardInterrupt from error
        if status_after(error) != "oom":
            observer(Note(f"a step can't be timed, for it fails: {in_a_line(error)}"))
        return None
    return Measured(
        flops=step_flops(resolved),
        step=clock.seconds,
        validation=validation,
        test=validation * num_test / num_val,
        start=max(0.0, first - clock.seconds),
    )


def adds_to_validation(node: Any) -> bool:
    """Whether a callback says that it adds to the time of a validation, as samples of text do."""
    target = None if node is None else find_target(node["_target_"])
    return getattr(target, "adds_to_validation", False)


def share_of(limit: float | int | None, batches: int) -> int:
    """Batches of a validation, of so many, by `limit_val_batches`."""
    if limit is None:
        return batches
    return int(batches * limit) if isinstance(limit, float) else min(batches, limit)


def time_validation(trainer: Trainer, task: LightningModule, clock: "Clock", batches: int) -> float:
    """Seconds of a validation of so many batches, by some of them."""
    if batches == 0:
        return 0.0
    measured = min(batches, MOST_BATCHES)
    trainer.limit_val_batches = measured
    for _ in range(2):  # the first warms up
        trainer.validate(task, datamodule=trainer.datamodule, verbose=False)  # type: ignore[attr-defined]
        if clock.validation > LONG:
            break
    return clock.validation * batches / measured


def device_of(trainer: Trainer) -> str:
    """`cpu`, `cuda`, ..."""
    return trainer.strategy.root_device.type


def step_flops(resolved: ResolvedConfig) -> int:
    """Operations of a device in an optimizer step."""
    return (resolved.flops_per_step or 0) // num_processes_of(resolved.cfg)


def operations_a_second(trainer: DictConfig) -> float:
    """What a job's device does in a product of square matrices of the type in which it computes.

    Args:
        trainer: Node `trainer` of the job.
    """
    on_cpu = trainer.accelerator == "cpu" or not torch.cuda.is_available()
    bits = trainer.precision.partition("-")[0]
    return _probed("cpu" if on_cpu else "cuda", TYPES[bits], torch.get_num_threads())


@cache
def _probed(device: str, dtype: torch.dtype, threads: int) -> float:
    matrix = torch.ones(PROBE, PROBE, device=device, dtype=dtype)
    seconds = []
    for _ in range(4):
        begin = time.perf_counter()
        (matrix @ matrix).sum().item()
        seconds.append(time.perf_counter() - begin)
    return 2 * PROBE**3 / median(seconds)


class TooLong(RuntimeError):
    """A step takes more time than is spent on measuring it."""


class Clock(Callback):
    """Times the first optimizer steps of a run, and stops it; then a validation."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.ends: dict[int, float] = {}
        self.validation = 0.0
        self.begin = 0.0

    @property
    def seconds(self) -> float | None:
        """Of a step: the mean without the first step, which warms up, and without outliers."""
        ends = list(self.ends.values())
        gaps = sorted(after - before for before, after in pairwise(ends))
        kept = gaps[: max(1, round(0.9 * len(gaps)))]
        if gaps:
            return sum(kept) / len(kept)
        only = ends[0] - self.first if ends and self.first is not None else 0.0
        return only if only > VERY_LONG else None

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if self.first is None:
            synchronize(task)
            self.first = time.perf_counter()

    def on_before_backward(self, trainer: Trainer, task: LightningModule, loss: Tensor) -> None:
        """Ends what would take too long: a forward pass is a third of a step."""
        if self.ends or self.first is None or batch_index_of(trainer) > 0:
            return
        synchronize(task)
        forward = time.perf_counter() - self.first
        if 3 * forward * trainer.accumulate_grad_batches > LONGEST:
            raise TooLong

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        if trainer.global_step == 0:  # still accumulating
            return
        synchronize(task)
        now = time.perf_counter()
        self.ends.setdefault(trainer.global_step, now)
        is_long = len(self.ends) > 1 and now - min(self.ends.values()) > LONG
        is_long = is_long or now - (self.first or now) > VERY_LONG
        trainer.should_stop = is_long or len(self.ends) >= MOST_STEPS

    def on_validation_start(self, trainer: Trainer, task: LightningModule) -> None:
        synchronize(task)
        self.begin = time.perf_counter()

    def on_validation_end(self, trainer: Trainer, task: LightningModule) -> None:
        synchronize(task)
        self.validation = time.perf_counter() - self.begin


def batch_index_of(trainer: Trainer) -> int:
    """Batches of the epoch that are done."""
    return trainer.fit_loop.batch_idx


def synchronize(task: LightningModule) -> None:
    """Waits for what a GPU still has to do."""
    if task.device.type == "cuda":
        torch.cuda.synchronize(task.device)
