"""Logs numbers of each step: learning rate, size of the gradient, loss, single parameters."""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from leyden.distributed.sharding import whole
from leyden.run.record import Record
from leyden.tasks import Task
from leyden.tasks.log_values import is_log_step, is_logged_by_module, log_value
from leyden.tasks.losses import widened
from leyden.tasks.step_count import steps_done


class GradientNorm(Callback):
    """Logs `grad_norm`: the 2-norm of all gradients together, before clipping."""

    changes_training = False

    only_log_steps = True

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        if is_log_step(trainer, steps_done(trainer) + 1):
            groups = optimizer.param_groups
            gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
            name = name_of("grad_norm", optimizer, trainer)
            log_value(trainer, name, whole(get_total_norm(map(widened, gradients))))


class LearningRate(Callback):
    """Logs `lr`: the rate of the optimizer's first group in the step to come."""

    changes_training = False

    only_log_steps = True

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        if is_log_step(trainer, steps_done(trainer) + 1):
            for optimizer in trainer.optimizers:
                rate = optimizer.param_groups[0]["lr"]
                log_value(trainer, name_of("lr", optimizer, trainer), rate)


def name_of(metric: str, optimizer: Optimizer, trainer: Trainer) -> str:
    """Name of a metric of an optimizer: with the optimizer's number, where there are several."""
    if len(trainer.optimizers) == 1:
        return metric
    place = [one is optimizer for one in trainer.optimizers].index(True)
    return f"{metric}/{place}"


class ParameterValues(Callback):
    """At each validation, for models that are small enough to be understood.

    Logs `param/NAME` for each parameter of one number, such as `param/head.weight` and
    `param/head.bias` of a line.
    """

    changes_training = False

    def on_validation_epoch_end(self, trainer: Trainer, task: LightningModule) -> None:
        for name, parameter in task.named_parameters():
            if parameter.numel() == 1:
                task.log(f"param/{name.removeprefix('net.')}", whole(parameter.detach()).squeeze())


FIRST_STEPS = 10


def loss_in(outputs: Any) -> Tensor | None:
    """The loss of a batch, as Lightning tells it; None where the module gives none.

    Under manual optimization a module may give its loss, or nothing.
    """
    is_mapping = type(outputs) is dict or isinstance(outputs, Mapping)  # the first takes less time
    loss = outputs.get("loss") if is_mapping else outputs
    return loss.detach() if isinstance(loss, Tensor) and loss.numel() == 1 else None


class StepLoss(Callback):
    """Logs `train/loss`, the mean over the micro-batches and processes of each step.

    The exact values of the first ten steps, of every step that is a power of two and of the last
    are put into the record: by these a run can be compared with a repetition.

    Args:
        record: Record of the run.
    """

    state_types: ClassVar[dict[str, Any]] = {
        "kept": dict[str, str],
        "last": tuple[int, str] | None,
    }

    def __init__(self, record: Record) -> None:
        self.record = record
        self.losses: list[Tensor] = []
        self.last: tuple[int, Tensor] | None = None

    def state_dict(self) -> dict[str, Any]:
        last = None if self.last is None else [self.last[0], float(self.last[1]).hex()]
        return {"kept": dict(self.record.losses), "last": last}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.record.losses = dict(state["kept"])
        if state["last"] is not None:
            step, loss = state["last"]
            self.last = step, torch.tensor(float.fromhex(loss))

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        loss = loss_in(outputs)
        if loss is None:
            return
        self.losses.append(loss)
        is_step = (batch_index + 1) % trainer.accumulate_grad_batches == 0
        if not (is_step or trainer.is_last_batch):
            return
        loss = trainer.strategy.reduce(self._of_all_parts(trainer), reduce_op="mean")
        if isinstance(task, Task) or not is_logged_by_module(trainer, "train/loss"):
            log_value(trainer, "train/loss", loss)
        step = steps_done(trainer)
        self.last = step, loss
        if step <= FIRST_STEPS or step.bit_count() == 1:
            self._keep(step, loss)

    def on_fit_end(self, trainer: Trainer, task: LightningModule) -> None:
        if self.last is not None:
            self._keep(*self.last)

    def _of_all_parts(self, trainer: Trainer) -> Tensor:
        losses, self.losses = self.losses, []
        if trainer.accumulate_grad_batches == 1:
            return losses[0]
        # Lightning has divided each micro-batch's loss by their number.
        return torch.stack(losses).mean() * trainer.accumulate_grad_batches

    def _keep(self, step: int, loss: Tensor) -> None:
        self.record.losses[str(step)] = float(loss).hex()
