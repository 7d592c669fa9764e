"""The networks of several runs, stacked, and their passes."""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap

from leyden.compat.torch import zero_all
from leyden.stacked.member import StackMember
from leyden.stacked.template import Template

log = logging.getLogger("leyden")


class Stacks:
    """Computes the passes of those that want one, together as far as their shapes allow."""

    def __init__(self) -> None:
        self.stacks: dict[tuple[Any, ...], Stack] = {}
        self.is_possible = True

    def compute(self, members: Sequence[StackMember]) -> None:
        """Gives each its loss, and its network's parameters their gradients."""
        groups: dict[tuple[Any, ...], list[StackMember]] = {}
        for member in members:
            inputs, targets = member.batch
            groups.setdefault((inputs.shape, targets.shape), []).append(member)
        for shapes, group in groups.items():
            if len(group) == 1 or not self.is_possible:
                for member in group:
                    member.pass_alone()
            else:
                self._compute_together(shapes, group)

    def _compute_together(self, shapes: tuple[Any, ...], group: list[StackMember]) -> None:
        try:
            stack = self.stacks.get(shapes)
            if stack is None or not stack.still_holds(group):
                stack = self.stacks[shapes] = Stack(group)
            stack.compute()
        except (RuntimeError, NotImplementedError) as error:
            self.is_possible = False
            log.warning("they are computed one by one, since stacking failed: %s", error)
            for member in group:
                member.pass_alone()


class Stack:
    """The networks of some runs as one.

    Args:
        members: Their networks differ in numbers only, and their batches have one shape.
    """

    def __init__(self, members: Sequence[StackMember]) -> None:
        self.members = list(members)
        self.template = Template(members)
        own = [dict(member.task.named_parameters()) for member in members]
        self.parameters = {
            name: nn.Parameter(torch.stack([one[name].data for one in own]), one.requires_grad)
            for name, one in own[0].items()
        }
        self.gradients: list[Tensor] = []
        self.lent: list[tuple[nn.Parameter, Tensor, Tensor | None]] = []
        for name, stacked in self.parameters.items():
            if stacked.requires_grad:
                stacked.grad = torch.zeros_like(stacked)
                self.gradients.append(stacked.grad)
            for place, parameters in enumerate(own):
                gradient = None if stacked.grad is None else stacked.grad[place]
                parameters[name].data = stacked.data[place]
                self.lent.append((parameters[name], stacked.data[place], gradient))
        buffers = [dict(member.task.named_buffers()) for member in members]
        self.buffers = {name: torch.stack([one[name] for one in buffers]) for name in buffers[0]}
        for name, stacked_buffer in self.buffers.items():
            for place, one in enumerate(buffers):
                one[name].data = stacked_buffer[place]
        rates = [member.smoothing for member in members]
        self.smoothing = rates[0] if len(set(rates)) == 1 else torch.tensor(rates)

    def still_holds(self, members: Sequence[StackMember]) -> bool:
        """Whether these are its members, and their parameters still lie in it."""
        return self.members == members and all(
            parameter.data_ptr() == place.data_ptr() for parameter, place, _ in self.lent
        )

    def compute(self) -> None:
        """Computes all losses and all gradients."""
        zero_all(self.gradients)
        for parameter, _, gradient in self.lent:
            parameter.grad = gradient
        inputs, targets = zip(*(member.batch for member in self.members), strict=True)
        batches = (torch.stack(inputs), torch.stack(targets))
        masks = self.template.draw_masks(self.members)
        of_smoothing = 0 if isinstance(self.smoothing, Tensor) else None
        losses = vmap(self.template.loss, in_dims=(0, 0, 0, 0, of_smoothing))(
            self.parameters, self.buffers, batches, masks, self.smoothing
        )
        losses.sum().backward()  # type: ignore[no-untyped-call]
        for member, loss in zip(self.members, losses.detach(), strict=True):
            member.loss = loss
