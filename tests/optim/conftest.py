from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer


@pytest.fixture
def follow() -> Callable[..., Tensor]:
    """Steps along given gradients."""

    def weight_after(
        optimizer_of: Callable[..., Optimizer],
        start: Tensor,
        gradients: Sequence[Tensor],
        **options: Any,
    ) -> Tensor:
        net = nn.Linear(start.shape[1], start.shape[0], bias=False).to(start.dtype)
        net.weight.data = start.clone()
        optimizer = optimizer_of(net, **options)
        for gradient in gradients:
            net.weight.grad = gradient.clone()
            optimizer.step()
        return net.weight.detach()

    return weight_after


@pytest.fixture
def start() -> Tensor:
    """A weight to begin with, in double precision."""
    return torch.tensor([[0.7, -1.3, 0.2], [1.1, 0.4, -0.5]], dtype=torch.float64)


@pytest.fixture
def gradients() -> list[Tensor]:
    """Of four steps, in double precision."""
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(2, 3, generator=generator, dtype=torch.float64) for _ in range(4)]
