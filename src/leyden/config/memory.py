"""How much memory a training step takes.

On the meta device, like sizes: nothing is computed, and the largest model takes no memory.
"""

from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.optim import Optimizer
from torch.overrides import TorchFunctionMode

from leyden.callbacks.optimizer_mode import switch
from leyden.config.build import build_task, make
from leyden.config.fit import Memo
from leyden.config.size import along_time, meta_net
from leyden.data import Spec
from leyden.tasks import Task

WEIGHTS = {
    "16-true": torch.float16,
    "bf16-true": torch.bfloat16,
    "32-true": torch.float32,
    "64-true": torch.float64,
}
"""By precision; any other keeps its weights in 32 bits."""

PLAIN = {"dropout_p", "is_causal"}
"""Options of attention that the fused kernel has."""


def memory_bytes(cfg: DictConfig, spec: Spec, memo: Memo) -> int | None:
    """Bytes of weights, gradients, optimizer state and activations on each device.

    Rough: what kernels need while they work and what the allocator wastes are not in it, a fused
    LSTM on a CPU keeps twice its activations, and under mixed precision all of them count as if
    they were kept in 32 bits.

    Args:
        cfg: With the model's width.
        spec: Of the data.
        memo: For configs that differ only in their optimizer, or not even in that.

    Returns:
        None where the network, its loss or its optimizer need values, which the meta device does
        not have.
    """
    model = (cfg.model, cfg.trainer.precision, spec)
    batch = (cfg.task, cfg.data.batch_size, _shares(cfg))
    kept = memo.once(lambda: _kept_by_model(cfg, spec), "activations", *model, *batch)
    state = memo.once(lambda: _kept_by_optimizer(cfg, spec), "state", *model, cfg.optimizer)
    return None if kept is None or state is None else kept + state


def _kept_by_model(cfg: DictConfig, spec: Spec) -> int | None:
    net = _net(cfg, spec)
    task = build_task(cfg, net, spec)
    task.log = lambda *values, **options: None  # type: ignore[method-assign]  # it has no trainer
    samples = max(1, cfg.data.batch_size // _shares(cfg))

    def measure(part: Spec) -> int:
        return activation_bytes(task, part, samples=samples)

    try:
        with _Meta():
            activations = along_time(measure, net, spec)
    except RuntimeError:
        return None
    gradients = sum(p.nbytes for p in net.parameters() if p.requires_grad)
    return activations + gradients + sum(t.nbytes for t in (*net.parameters(), *net.buffers()))


def _kept_by_optimizer(cfg: DictConfig, spec: Spec) -> int | None:
    net = _net(cfg, spec)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    # A fused one knows no meta device; its state is the same.
    unfused = {"fused": False} if cfg.optimizer.get("fused") else {}
    try:
        with _Meta():
            optimizer = make(cfg.optimizer, **unfused)(net)
            switch([optimizer], training=True)
            optimizer.step()
    except RuntimeError:
        return None
    return state_bytes(optimizer)


def _net(cfg: DictConfig, spec: Spec) -> nn.Module:
    return meta_net(cfg, spec).to(WEIGHTS.get(cfg.trainer.precision, torch.float32)).train()


def _shares(cfg: DictConfig) -> int:
    """Parts of a batch that are computed one after the other, or on different devices."""
    devices = cfg.trainer.devices if isinstance(cfg.trainer.devices, int) else 1
    return int(devices * cfg.trainer.num_nodes * cfg.trainer.accumulate_grad_batches)


def activation_bytes(task: Task, spec: Spec, *, samples: int) -> int:
    """Bytes that a training step keeps for the way back; weights are not counted.

    Args:
        task: Its network decides the device.
        spec: Shape of the samples.
        samples: In the batch.
    """
    own = {_storage(tensor) for tensor in (*task.net.parameters(), *task.net.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if _storage(tensor) not in own:
            kept[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    first = next(task.net.parameters())
    with saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = task.training_step(blank_batch(spec, samples, like=first), 0)
    del loss  # until here its graph has kept the storages apart
    return sum(kept.values())


def blank_batch(spec: Spec, samples: int, *, like: Tensor) -> tuple[Tensor, Tensor]:
    """Zeros in the shape of a batch, on the device and in the precision of `like`."""
    is_text, is_numbers = spec.kind == "text", spec.task_name == "regression"
    targets = (spec.num_outputs,) if is_numbers else spec.input_shape if is_text else ()
    return (
        like.new_zeros(samples, *spec.input_shape, dtype=torch.long if is_text else None),
        like.new_zeros(samples, *targets, dtype=None if is_numbers else torch.long),
    )


def state_bytes(optimizer: Optimizer) -> int:
    """Bytes of an optimizer's state, each tensor once."""
    found: dict[int, int] = {}

    def visit(node: Any) -> None:
        if isinstance(node, Tensor):
            found[id(node)] = node.nbytes
        elif isinstance(node, dict):
            visit(list(node.values()))
        elif isinstance(node, list | tuple):
            for child in node:
                visit(child)

    visit(dict(optimizer.state))
    return sum(found.values())


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


class _Meta(TorchFunctionMode):
    """Answers where the meta device does not.

    A value is 1: some optimizers ask for norms. Attention is that of a fused kernel, which devices
    have, and which does not keep the weights of all pairs; with dropout, CPUs have none.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if function is Tensor.item and args[0].is_meta:
            return 1.0
        is_attention = function is F.scaled_dot_product_attention and len(args) == 3
        if is_attention and not kwargs.get("dropout_p") and kwargs.keys() <= PLAIN:
            fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
            return fused(*args, is_causal=kwargs.get("is_causal", False))[0]
        return function(*args, **kwargs)
