"""What torch 2.14 keeps private and Leyden needs, each with its reason.

`tests/compat/test_torch.py` fails when one of them changes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.checkpoint._traverse import set_element
from torch.distributed.checkpoint.default_planner import _EmptyStateDictLoadPlanner
from torch.distributed.checkpoint.state_dict_loader import _load_state_dict
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

__all__ = [
    "EmptyStateDictLoadPlanner",
    "TorchDispatchMode",
    "attention_by",
    "flash_attention_for_cpu",
    "is_compiled",
    "leave_unscaling_to_the_scaler",
    "load_state_dict",
    "loopback_store",
    "operation_of",
    "set_element",
    "storage_key",
    "tree_leaves",
    "zero_all",
]

# `TorchDispatchMode` sees every operation on tensors, `tree_leaves` the tensors in its arguments:
# torch's notes on custom operators use both, and neither has a public name.

# `torch.distributed.checkpoint.load` and `format_utils.dcp_to_torch_save` are `load_state_dict`
# with a reader and a planner that run what a checkpoint says; Leyden passes its own.
EmptyStateDictLoadPlanner = _EmptyStateDictLoadPlanner
load_state_dict = _load_state_dict


def loopback_store(
    *,
    address: str,
    port: int,
    world_size: int,
    is_first: bool,
    timeout: timedelta,
    file: int | None,
) -> Any:
    """The store in which processes meet, listening where this process says.

    The class is public as `torch.distributed.TCPStore`, but its argument for a socket that is bound
    already is not documented; without it the store listens on all interfaces.

    Args:
        address: Address of the first process.
        port: Port of the first process.
        world_size: Number of processes.
        is_first: Whether this is the first process, which listens.
        timeout: Time that processes wait for each other.
        file: Number of the socket that the first process listens on.
    """
    from torch._C._distributed_c10d import TCPStore

    return TCPStore(
        address,
        port,
        world_size,
        is_first,
        timeout=timeout,
        wait_for_workers=False,
        master_listen_fd=file,
    )


def operation_of(overload: Any) -> Any:
    """The operation, such as `aten.mm`, of which a dispatch mode is given an overload.

    Torch's table of formulas for operations (`flop_counter.flop_registry`) has it as its key.
    """
    return overload._overloadpacket


def is_compiled(module: nn.Module) -> bool:
    """Whether a module was compiled in place (`nn.Module.compile`)."""
    return module._compiled_call_impl is not None


def storage_key(tensor: Tensor) -> int:
    """A number of a tensor's storage, which no other that is alive has; on `meta`, too."""
    return int(tensor.untyped_storage()._cdata)


def zero_all(tensors: Sequence[Tensor]) -> None:
    """Sets tensors to zero by one operation."""
    torch._foreach_zero_([*tensors])


def leave_unscaling_to_the_scaler(optimizer: Optimizer) -> None:
    """Lets Lightning clip gradients although the optimizer is fused.

    A fused optimizer offers to undo the gradient scaling of 16-mixed precision in its own step,
    and for that Lightning refuses to clip under any mixed precision, bf16 too, which does not
    scale at all (`MixedPrecision.clip_gradients` in 2.6.6). Without the offer, the scaler undoes
    it before the clipping, as for every other optimizer.
    """
    optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]


def flash_attention_for_cpu(q: Tensor, k: Tensor, v: Tensor, *, is_causal: bool) -> Tensor:
    """The fused attention, by its own name: it works on the meta device as well."""
    fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    output: Tensor = fused(q, k, v, is_causal=is_causal)[0]
    return output


@contextmanager
def attention_by(attention: Callable[..., Tensor]) -> Iterator[None]:
    """Within it `F.scaled_dot_product_attention` is another function.

    On the meta device torch takes the one that keeps the weights of all pairs, which no real device
    does. A mode would not do: torch leaves modes where blocks are computed again on the way back.
    """
    before = F.scaled_dot_product_attention
    F.scaled_dot_product_attention = attention
    try:
        yield
    finally:
        F.scaled_dot_product_attention = before
