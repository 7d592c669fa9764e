"""What happens where a loss or a gradient is NaN or infinite."""

import logging
import math
from typing import Literal

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.plugins import MixedPrecision
from torch import Tensor
from torch.distributed.tensor import DTensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from leyden.callbacks.saving import all_agree
from leyden.distributed.sharding import whole
from leyden.errors import Diverged
from leyden.run.record import Record
from leyden.tasks.log_values import log_value
from leyden.tasks.step_count import steps_done
from leyden.types import PositiveInt

log = logging.getLogger("leyden")


class NonFinite(Callback):
    """Looks at each step's loss and gradient before its update: no weight ever becomes NaN by them.

    An update that is left out is taken by an optimizer without gradients, which changes nothing;
    the step counts, its samples are not drawn again.

    Args:
        record: Steps that are left out are noted in it, and so left out again after a resume.
        policy: `raise` ends the run as diverged; `skip` leaves the step out; `rollback` ends it
            too, and whoever executes the run goes back to a checkpoint (`recovery.roll_back`).
        limit: With `skip`: more steps than this in a row end the run.
    """

    def __init__(
        self,
        record: Record,
        *,
        policy: Literal["raise", "skip", "rollback"],
        limit: PositiveInt,
    ) -> None:
        self.record = record
        self.policy = policy
        self.limit = limit
        self.losses: list[Tensor] = []
        self.scaler_skips = 0

    def on_before_backward(self, trainer: Trainer, task: LightningModule, loss: Tensor) -> None:
        self.losses.append(loss.detach())

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        losses, self.losses = self.losses, []
        step = steps_done(trainer) + 1
        if self._is_passed_over(step):
            drop_gradients(optimizer)
            return
        groups = optimizer.param_groups
        gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
        has_loss = all_agree(trainer, all(math.isfinite(loss) for loss in losses))
        if has_loss and all_finite(gradients):
            self.scaler_skips = 0
            return
        if has_loss and self._scaler_skips(trainer, task):
            return
        what = "a gradient" if has_loss else "train/loss"
        self._meet(f"{what} is NaN or infinite at step {step}", step, optimizer)

    def _meet(self, what: str, step: int, optimizer: Optimizer) -> None:
        if self.policy != "skip" or self._in_a_row(step) > self.limit:
            raise Diverged(f"{what}; try a lower optimizer.lr")
        log.warning("%s: it is left out", what)
        self.record.passed_over.append([step - 1, step])
        drop_gradients(optimizer)

    def _in_a_row(self, step: int) -> int:
        """How many steps up to this one have been left out, with it."""
        first = step
        while self._is_passed_over(first - 1):
            first -= 1
        return step - first + 1

    def _is_passed_over(self, step: int) -> bool:
        return any(after < step <= until for after, until in self.record.passed_over)

    def _scaler_skips(self, trainer: Trainer, task: LightningModule) -> bool:
        """Whether half precision's scaler leaves out the step, as it does to find its scale."""
        precision = trainer.precision_plugin
        if not isinstance(precision, MixedPrecision) or precision.scaler is None:
            return False
        self.scaler_skips += 1
        log_value(trainer, "scaler_skips", float(self.scaler_skips))
        return self.scaler_skips <= self.limit


def all_finite(tensors: list[Tensor]) -> bool:
    """Whether no number is NaN or infinite; of tensors that are shared out, in any process.

    On a CPU by their sums, which one pass gives and which are finite only if all numbers are; an
    infinite sum may be one of large numbers, which a second look tells apart.
    """
    if any(tensor.is_cuda or isinstance(tensor, DTensor) for tensor in tensors):
        return bool(whole(get_total_norm(tensors, norm_type=math.inf)).isfinite())
    sums = [tensor.sum().item() for tensor in tensors]
    return math.isfinite(sum(sums)) or all(bool(tensor.isfinite().all()) for tensor in tensors)


def drop_gradients(optimizer: Optimizer) -> None:
    """Leaves an optimizer nothing to do."""
    optimizer.zero_grad(set_to_none=True)
