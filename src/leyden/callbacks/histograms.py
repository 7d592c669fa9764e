"""Draws the distribution of weights and gradients, and how much each step changes."""

from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from leyden.callbacks.tensorboard import tensorboard_writer
from leyden.parallel import whole
from leyden.ranges import PositiveInt


class Histograms(Callback):
    """Logs `weights/*` and `gradients/*` as histograms, and `update_ratio/*` as scalars.

    The ratio is the norm of a step's change over the norm of the weight; about 1e-3 is healthy
    (Karpathy, "makemore part 3").

    Args:
        every_n_steps: Steps between two drawings.
    """

    def __init__(self, every_n_steps: PositiveInt = 50) -> None:
        self.every_n_steps = every_n_steps
        self.before: dict[str, Tensor] = {}

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        writer = tensorboard_writer(trainer)
        if (trainer.global_step + 1) % self.every_n_steps:
            return
        for name, parameter in task.named_parameters():
            if parameter.grad is not None:
                short = name.removeprefix("net.")
                weight, gradient = whole(parameter.detach()).clone(), whole(parameter.grad)
                if writer is not None:
                    self.before[short] = weight
                    writer.add_histogram(f"weights/{short}", weight, trainer.global_step)
                    writer.add_histogram(f"gradients/{short}", gradient, trainer.global_step)

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        writer = tensorboard_writer(trainer)
        if trainer.global_step % self.every_n_steps:
            return
        for name, parameter in task.named_parameters():
            weight = whole(parameter.detach())
            old = self.before.get(name.removeprefix("net."))
            if writer is not None and old is not None and old.norm() > 0:
                ratio = (weight - old).norm() / old.norm()
                tag = f"update_ratio/{name.removeprefix('net.')}"
                writer.add_scalar(tag, ratio, trainer.global_step)
        self.before = {}
