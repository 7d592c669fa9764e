"""The training step of a stack as a function of parameters and buffers, for `torch.func.vmap`."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import cast

import torch
from pytorch_lightning import LightningModule
from torch import Generator, Tensor, nn
from torch.func import functional_call

from leyden.data.batches import Batch
from leyden.stacked.member import StackMember

Numbers = Mapping[str, Tensor]


class Template(nn.Module):
    """A task's step with all of its numbers given from outside.

    Dropout's masks are given too: each run draws them from a generator of its own, as it would by
    itself.

    Args:
        members: Runs whose networks differ in numbers only; they are not changed.
    """

    def __init__(self, members: Sequence[StackMember]) -> None:
        super().__init__()
        task = members[0].task
        self.task = copy.copy(task)
        # A copy shares the mapping of its modules with the original (`nn.Module.__setattr__`).
        vars(self.task)["_modules"] = dict(task.named_children())
        self.task.net = copy.deepcopy(cast(nn.Module, task.net))
        self.rates: list[tuple[float, ...]] = []
        self.shapes: list[torch.Size] = []
        self.masks: Iterator[Tensor] | None = None
        layers = [layer for layer in self.task.modules() if isinstance(layer, nn.Dropout)]
        of_layers = zip(*(dropout_rates(member.task) for member in members), strict=True)
        for layer, rates in zip(layers, of_layers, strict=True):
            vars(layer)["forward"] = partial(self._drop, rates) if any(rates) else as_it_is
        self._look(members[0].batch)

    def forward(self, batch: Batch) -> Tensor:
        """The loss."""
        return cast(Tensor, self.task.training_step(batch, 0))

    def loss(
        self,
        parameters: Numbers,
        buffers: Numbers,
        batch: Batch,
        masks: Sequence[Tensor],
        smoothing: Tensor | float,
    ) -> Tensor:
        """The loss that a network with these numbers has.

        Args:
            parameters: Parameters, by the names of the task.
            buffers: Buffers, by the names of the task; running statistics change.
            batch: Inputs and targets.
            masks: Factors for what each use of a dropout layer gets.
            smoothing: Share of each label that is spread over all classes.
        """
        self.masks = iter(masks)
        vars(self.task)["label_smoothing"] = smoothing
        numbers = {f"task.{name}": value for name, value in {**parameters, **buffers}.items()}
        return functional_call(self, numbers, (batch,))  # type: ignore[no-any-return]

    def _look(self, batch: Batch) -> None:
        """Notes which dropout layers are used for such a batch, and on what shapes."""
        buffers = {f"task.{name}": value.clone() for name, value in self.task.named_buffers()}
        with torch.no_grad():
            functional_call(self, buffers, (batch,))

    def draw_masks(self, members: Sequence[StackMember]) -> list[Tensor]:
        """Zeros, and what makes up for them, for each use of a dropout layer in a step."""
        return [
            torch.stack(
                [
                    dropout_mask(shape, rate, member.generator)
                    for rate, member in zip(rates, members, strict=True)
                ]
            )
            for rates, shape in zip(self.rates, self.shapes, strict=True)
        ]

    def _drop(self, rates: tuple[float, ...], x: Tensor) -> Tensor:
        if self.masks is not None:
            return x * next(self.masks).to(x.device)
        self.rates.append(rates)
        self.shapes.append(x.shape)
        return x


def as_it_is(x: Tensor) -> Tensor:
    """A dropout layer that drops nothing."""
    return x


def dropout_rates(task: LightningModule) -> list[float]:
    """Of its dropout layers, in their order."""
    return [layer.p for layer in task.modules() if isinstance(layer, nn.Dropout)]


def dropout_mask(shape: torch.Size, rate: float, generator: Generator) -> Tensor:
    """What `torch.nn.functional.dropout` multiplies by, drawn as it draws on a CPU."""
    if rate in (0, 1):
        return torch.full(shape, 1 - rate)
    return torch.empty(shape).bernoulli_(1 - rate, generator=generator).div_(1 - rate)
