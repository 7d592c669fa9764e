"""Where the time of a step goes."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.profiler import ProfilerActivity, profile, record_function

from leyden.events import Event, Observer, ignore
from leyden.tasks.log_values import loop_of, not_profiled
from leyden.tasks.step_count import steps_done

STEPS_BEFORE = 5
"""The first steps are slow: memory is taken, kernels are chosen."""

LARGEST = 8
LIBRARIES = ("aten::", "mkldnn::")  # of operations; the others only call these
TRACE = "trace.json"


@dataclass(frozen=True)
class StepTimes(Event):
    """Where the time of a step goes.

    Attributes:
        steps: Steps that were watched.
        seconds: Time that all of them took, in seconds.
        shares: Each part of a step with its share of the time.
        operations: Each of the largest operations with its share of the time of all operations,
            and its calls.
        trace: File of the trace.
    """

    steps: int
    seconds: float
    shares: list[tuple[str, str]]
    operations: list[tuple[str, str, str]]
    trace: Path


class StepProfile(Callback):
    """Watches the steps after the first few, to the end of the run or the first validation.

    Tells what share of a step its parts take, and its largest operations, and writes
    `trace.json` into the run's folder, which ui.perfetto.dev and chrome://tracing open. On a GPU
    each part is waited for, so that its work is counted where it was asked for.
    """

    def __init__(self) -> None:
        self.observer: Observer = ignore
        self.profiler: Any = None
        self.seconds: dict[str, float] = {}
        self.first_step = 0
        self.began = 0.0
        self.is_done = False

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        first = int(min(STEPS_BEFORE, trainer.estimated_stepping_batches // 2))
        if self.profiler is None and not self.is_done and steps_done(trainer) == first:
            self._begin(trainer)

    def on_validation_start(self, trainer: Trainer, task: LightningModule) -> None:
        self._end(trainer)

    def on_train_end(self, trainer: Trainer, task: LightningModule) -> None:
        self._end(trainer)

    def on_exception(self, trainer: Trainer, task: LightningModule, error: BaseException) -> None:
        self._end(trainer)

    def _begin(self, trainer: Trainer) -> None:
        os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # torch's profiler talks to the terminal
        with_gpu = [ProfilerActivity.CUDA] if torch.cuda.is_available() else []
        self.profiler = profile(activities=[ProfilerActivity.CPU, *with_gpu])
        self.profiler.start()
        loop_of(trainer).part = self._part
        self.first_step, self.began = steps_done(trainer), time.perf_counter()

    def _end(self, trainer: Trainer) -> None:
        if self.profiler is None:
            return
        seconds, steps = time.perf_counter() - self.began, steps_done(trainer) - self.first_step
        loop_of(trainer).part = not_profiled
        self.profiler.stop()
        path = Path(trainer.default_root_dir) / TRACE
        self.profiler.export_chrome_trace(str(path))
        operations = self.profiler.key_averages()
        self.profiler, self.is_done = None, True
        if steps and trainer.is_global_zero:
            largest = largest_operations(operations)
            self.observer(StepTimes(steps, seconds, shares(self.seconds, seconds), largest, path))

    @contextmanager
    def _part(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        with record_function(name):
            yield
            if torch.cuda.is_available():
                torch.cuda.synchronize()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start


def shares(seconds: dict[str, float], whole: float) -> list[tuple[str, str]]:
    """A row a part, in the order of a step."""
    rows = [(name, f"{spent / whole:.1%}") for name, spent in seconds.items()]
    return [*rows, ("what lies between", f"{1 - sum(seconds.values()) / whole:.1%}")]


def largest_operations(operations: Any) -> list[tuple[str, str, str]]:
    """The operations that took the longest by themselves: share of all, and calls."""
    own = {one.key: one for one in operations if one.key.startswith(LIBRARIES)}
    total = sum(map(own_time, own.values()))
    longest = sorted(own.values(), key=own_time, reverse=True)[:LARGEST]
    return [
        (one.key.removeprefix("aten::"), f"{own_time(one) / total:.1%}", f"{one.count:,}")
        for one in longest
    ]


def own_time(operation: Any) -> float:
    """Microseconds on the device that did it, without what it called."""
    return float(operation.self_device_time_total or operation.self_cpu_time_total)
