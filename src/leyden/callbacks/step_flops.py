"""The operations of a step of a LightningModule, counted while it is computed."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.flop_counter import flop_registry

from leyden.callbacks.tensorboard import is_compiled
from leyden.compat.torch import TorchDispatchMode, operation_of
from leyden.run.record import Record


class StepFlops(Callback):
    """Counts the operations of the first batch of a run, forward and backward.

    Of Leyden's own networks they are counted before the run, without values. A compiled module is
    left alone: to be counted it would have to be computed without its kernels.

    Args:
        record: Record of the run; it gets the number for an optimizer step.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.counter: FlopCount | None = None

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if self.record.flops["per_step"] is None and not is_compiled(task):
            self.counter = FlopCount()
            self.counter.__enter__()  # type: ignore[no-untyped-call]

    def on_train_batch_end(self, trainer: Trainer, task: LightningModule, *_: Any) -> None:
        if self.counter is not None:
            self._stop()
            batches = trainer.accumulate_grad_batches * trainer.world_size
            self.record.flops["per_step"] = self.counter.total * batches
            self.counter = None

    def on_exception(self, *_: Any) -> None:
        if self.counter is not None:
            self._stop()

    def _stop(self) -> None:
        assert self.counter is not None
        self.counter.__exit__(None, None, None)  # type: ignore[no-untyped-call]


class FlopCount(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts operations by torch's formulas, without `FlopCounterMode`'s hooks in every layer.

    Attributes:
        total: Operations so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.total = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = function(*args, **(kwargs or {}))
        formula = flop_registry.get(operation_of(function))
        if formula is not None:
            self.total += int(formula(*args, **(kwargs or {}), out_val=made))
        return made
