"""Products of fp32 matrices by oneDNN, where that is faster than what torch takes.

torch computes them with Intel's MKL, which on AMD's CPUs with AVX-512 is as fast as AVX2 allows;
oneDNN, which torch has beside it for convolutions and bf16, is twice as fast there. A product of
1024 x 384 and 384 x 1536 numbers took 5.3 ms by MKL and 2.4 ms by oneDNN on two cores of an EPYC.
Both compute in fp32; they add up in another order. A backward pass by oneDNN holds a copy of one
layer's gradients, turned.
"""

from functools import cache
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

LEAST_WORK = 10_000_000
"""Multiplications: below, what the call takes more (some 15 microseconds) is not won back."""


@cache
def is_faster_here() -> bool:
    """Whether this is such a CPU."""
    cpu = torch.cpu.get_capabilities()
    is_amd = str(cpu.get("cpu_name", "")).startswith("AMD")
    has_both = torch.backends.mkl.is_available() and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return has_both and is_amd and bool(cpu.get("avx512_f", False))


def serves(x: Tensor, weight: Tensor, *, outputs: int) -> bool:
    """Whether oneDNN should compute `x @ weight.T`, of so many columns.

    Transforms of torch.func, compilers, automatic mixed precision and tensors that are split over
    processes know nothing of it.
    """
    return (
        not torch.compiler.is_compiling()  # first: an export must not depend on the size
        and x.numel() * outputs >= LEAST_WORK
        and x.is_cpu
        and x.dtype == weight.dtype == torch.float32
        and is_faster_here()
        and bool(torch.backends.mkldnn.enabled)
        and not torch.is_autocast_enabled("cpu")
        and not torch._C._are_functorch_transforms_active()
        and not isinstance(x, DTensor)
        and not isinstance(weight, DTensor)
        and not torch._C._is_tracing()
    )


def product(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`x @ weight.T + bias`, whose gradients are products by oneDNN as well."""
    return cast(Tensor, _Product.apply(x, weight, bias))


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(x, weight)
        by_onednn = torch.ops.mkldnn._linear_pointwise.default
        return cast(Tensor, by_onednn(x, weight, bias, "none", [], ""))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,), (x, weight) = gradients, ctx.saved_tensors
        rows = gradient.flatten(0, -2)
        for_x, for_weight, for_bias = ctx.needs_input_grad
        return (
            product(gradient, weight.t()) if for_x else None,
            product(rows.t(), x.flatten(0, -2).t()) if for_weight else None,
            rows.sum(0) if for_bias else None,
        )


class OneDnnLinear(nn.Linear):
    """A linear layer whose larger products oneDNN computes."""

    def forward(self, x: Float[Tensor, "*B inputs"]) -> Float[Tensor, "*B outputs"]:
        if serves(x, self.weight, outputs=self.out_features):
            return product(x, self.weight, self.bias)
        return super().forward(x)


def use_onednn(net: nn.Module) -> None:
    """Makes the linear layers of a network compute so, if that is faster here.

    Args:
        net: Network whose layers are changed in place; their parameters and names are the same.
    """
    if not is_faster_here():
        return
    for module in net.modules():
        if type(module) is nn.Linear:
            module.__class__ = OneDnnLinear


def batched_product(
    a: Float[Tensor, "n rows inner"], b: Float[Tensor, "n inner columns"]
) -> Float[Tensor, "n rows columns"]:
    """`a @ b`, without gradients."""
    if not serves(a[0], b, outputs=b.shape[-1]):
        return a @ b
    return torch.stack([product(left, right.t()) for left, right in zip(a, b, strict=True)])
