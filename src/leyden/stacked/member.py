"""A member of a stack: a network, and what it is about to learn from."""

from typing import cast

import torch
from pytorch_lightning import LightningModule
from torch import Generator, Tensor

from leyden.data.batches import Batch


class StackMember:
    """One of the networks that are computed together.

    Args:
        task: Task whose `training_step` gives the loss.
        generator: Dropout's.
    """

    def __init__(self, task: LightningModule, generator: Generator) -> None:
        self.task = task
        self.generator = generator
        self.batch: Batch = (torch.empty(0), torch.empty(0))
        self.loss: Tensor | Exception | None = None

    @property
    def smoothing(self) -> float:
        """Of its labels; a task without labels has none."""
        return float(vars(self.task).get("label_smoothing", 0.0))

    def pass_alone(self) -> None:
        """Computes its pass by itself."""
        before = torch.get_rng_state()
        torch.set_rng_state(self.generator.get_state())
        try:
            self.task.zero_grad()
            loss = cast(Tensor, self.task.training_step(self.batch, 0))
            loss.backward()  # type: ignore[no-untyped-call]
            self.loss = loss.detach()
        except Exception as error:
            self.loss = error
        self.generator.set_state(torch.get_rng_state())
        torch.set_rng_state(before)

    def take_loss(self) -> Tensor:
        """The loss of the pass that was computed last.

        Raises:
            Exception: What the pass ended in.
        """
        loss, self.loss = self.loss, None
        if isinstance(loss, Exception):
            raise loss
        assert loss is not None
        return loss
