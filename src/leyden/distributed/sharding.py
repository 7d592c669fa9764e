"""A network whose parameters are split over the processes (FSDP2)."""

from inspect import ismethod

from pytorch_lightning import LightningModule
from torch import Tensor, distributed, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor

OTHER_FORWARDS = ("features", "forward_with_state")
"""Methods by which tasks run a network without its `forward`."""


def shard(task: LightningModule, net: nn.Module) -> None:
    """Splits a network's parameters over the processes, where the strategy of its task asks for it.

    Its `blocks` are gathered one at a time for their forward and backward passes, what is left of
    it for a whole step.

    Args:
        task: Asked for the mesh of processes.
        net: Changed in place; nothing happens if it is split already.
    """
    mesh = task.device_mesh
    if mesh is None or is_split(net):
        return
    assert isinstance(mesh, DeviceMesh)
    data_parallel = mesh["data_parallel"]
    for block in blocks_of(net):
        fully_shard(block, mesh=data_parallel)
    fully_shard(net, mesh=data_parallel)
    for name in OTHER_FORWARDS:
        if ismethod(getattr(net, name, None)):
            register_fsdp_forward_method(net, name)


def blocks_of(net: nn.Module) -> list[nn.Module]:
    """The like parts that a deep network is a chain of; none where it has no `blocks`."""
    blocks = getattr(net, "blocks", None)
    return list(blocks) if isinstance(blocks, nn.ModuleList | nn.Sequential) else []


def is_split(net: nn.Module) -> bool:
    """Whether a network needs all processes for a forward pass."""
    return isinstance(net, FSDPModule)


def share_buffers(task: LightningModule) -> None:
    """Gives all processes that share a split network the first one's buffers."""
    if any(is_split(module) for module in task.modules()):
        for buffer in task.buffers():
            distributed.broadcast(own_part(buffer), src=0)


def own_part(tensor: Tensor) -> Tensor:
    """What this process has of a tensor."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def whole(tensor: Tensor) -> Tensor:
    """A tensor with the parts of all processes; all of them have to call this."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor
