"""Muon: momentum whose matrix updates are made orthogonal.

Source: Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks". torch's own
takes 2-D parameters only, needs a second optimizer for the rest, and works in bfloat16 everywhere.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.adamw import adamw as adamw_step

from leyden.compat.onednn import batched_product
from leyden.optim.groups import hidden_matrices
from leyden.types import NonNegative, PositiveFloat, PositiveInt, Probability

QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan et al.: steepest at 0, so that few steps suffice


def muon(
    net: nn.Module,
    *,
    lr: PositiveFloat = 0.02,
    momentum: Probability = 0.95,
    nesterov: bool = True,
    num_iterations: PositiveInt = 5,
    weight_decay: NonNegative = 0.01,
    adamw_lr: PositiveFloat = 3e-3,
    adamw_betas: tuple[Probability, Probability] = (0.9, 0.95),
    adamw_eps: PositiveFloat = 1e-8,
) -> "Muon":
    """Muon for the hidden matrices, AdamW without weight decay for everything else.

    Args:
        net: Network whose parameters are optimized.
        lr: Peak learning rate of the hidden matrices.
        momentum: Share of the running mean of gradients that is kept.
        nesterov: Look one step ahead along the momentum.
        num_iterations: Newton-Schulz steps that make an update orthogonal.
        weight_decay: On hidden matrices, times `lr`.
        adamw_lr: Peak learning rate of embeddings, head, biases and norms.
        adamw_betas: See `adamw`.
        adamw_eps: See `adamw`.
    """
    hidden = hidden_matrices(net)
    chosen = {id(parameter) for parameter in hidden}
    others = [p for p in net.parameters() if p.requires_grad and id(p) not in chosen]
    matrix_group = {
        "params": hidden,
        "orthogonal": True,
        "lr": lr,
        "momentum": momentum,
        "nesterov": nesterov,
        "num_iterations": num_iterations,
        "weight_decay": weight_decay,
    }
    other_group = {
        "params": others,
        "orthogonal": False,
        "lr": adamw_lr,
        "betas": (adamw_betas[0], adamw_betas[1]),
        "eps": adamw_eps,
        "fused": True,  # a restored `step` then follows its parameter to the GPU
    }
    return Muon([group for group in (matrix_group, other_group) if group["params"]])


class Muon(Optimizer):
    """Two kinds of parameter groups, told apart by `orthogonal`.

    Args:
        groups: With `orthogonal` True: `lr`, `momentum`, `nesterov`, `num_iterations` and
            `weight_decay`; parameters of more than two dimensions are taken as matrices of their
            first. With False: AdamW's `lr`, `betas`, `eps` and
            `fused`.
    """

    def __init__(self, groups: list[dict[str, Any]]) -> None:
        super().__init__(groups, {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if group["orthogonal"]:
                self._step_matrices(parameters, group)
            elif parameters:
                self._step_others(parameters, group)
        return loss

    def _step_matrices(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        by_shape: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        for parameter in parameters:
            by_shape[tuple(parameter.flatten(1).shape)].append(parameter)
        for (rows, columns), alike in by_shape.items():
            updates = torch.stack([self._momentum(p, group).flatten(1) for p in alike])
            updates = orthogonalize(updates, num_iterations=group["num_iterations"])
            # Equal root mean square of the updates of wide and tall matrices (Jordan et al.).
            scale = max(1.0, rows / columns) ** 0.5
            for parameter, update in zip(alike, updates, strict=True):
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update.view_as(parameter), alpha=-group["lr"] * scale)

    def _momentum(self, parameter: Tensor, group: dict[str, Any]) -> Tensor:
        gradient = cast(Tensor, parameter.grad)
        state = self.state[parameter]
        if not state:
            state["mean"] = torch.zeros_like(parameter)
        mean: Tensor = state["mean"]
        mean.lerp_(gradient, 1 - group["momentum"])
        return gradient.lerp(mean, group["momentum"]) if group["nesterov"] else mean

    def _step_others(self, parameters: list[Tensor], group: dict[str, Any]) -> None:
        for parameter in parameters:
            state = self.state[parameter]
            if not state:
                state["step"] = torch.zeros((), dtype=torch.float32, device=parameter.device)
                state["mean"] = torch.zeros_like(parameter)
                state["square"] = torch.zeros_like(parameter)
        states = [self.state[parameter] for parameter in parameters]
        adamw_step(
            parameters,
            [cast(Tensor, parameter.grad) for parameter in parameters],
            [state["mean"] for state in states],
            [state["square"] for state in states],
            [],
            [state["step"] for state in states],
            fused=group["fused"],
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=0.0,
            eps=group["eps"],
            maximize=False,
        )


def orthogonalize(
    matrices: Float[Tensor, "n rows columns"], *, num_iterations: int
) -> Float[Tensor, "n rows columns"]:
    """Brings the singular values of each matrix near 1, by Newton-Schulz iteration.

    Five steps bring those above 1/600 of the matrix's norm to between 0.68 and 1.21, which serves
    as well as 1 (Jordan et al.), and multiply smaller ones by up to 3.4445^5 = 485: the smallest of
    a large random square matrix stay near 0.
    All matrices of a shape go through one batched product. bfloat16 on a GPU, which is much
    faster there; elsewhere the precision of the input.
    """
    a, b, c = QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x: Tensor = matrices.bfloat16() if matrices.is_cuda else matrices
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(num_iterations):
        gram = batched_product(x, x.mT)
        x = a * x + batched_product(b * gram + c * batched_product(gram, gram), x)
    return (x.mT if tall else x).to(matrices.dtype)
