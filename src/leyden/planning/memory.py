"""How much memory a training step takes.

On the meta device, like sizes: nothing is computed, and the largest model takes no memory.
"""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from omegaconf import DictConfig
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.overrides import TorchFunctionMode

from leyden.callbacks.averaging import switch
from leyden.compat.torch import (
    TorchDispatchMode,
    attention_by,
    flash_attention_for_cpu,
    storage_key,
    tree_leaves,
)
from leyden.data import Spec
from leyden.distributed.sharding import blocks_of
from leyden.planning.batch import batch_split_of, num_processes_of
from leyden.planning.building import build_task, optimizer_factory
from leyden.planning.cache import Cache
from leyden.planning.finetuning import frozen_until
from leyden.planning.size import along_time, meta_net
from leyden.tasks import Task

WEIGHTS = {
    "16-true": torch.float16,
    "bf16-true": torch.bfloat16,
    "32-true": torch.float32,
    "64-true": torch.float64,
}
"""By precision; any other keeps its weights in 32 bits."""

plain_attention = F.scaled_dot_product_attention


def memory_bytes(cfg: DictConfig, spec: Spec, cache: Cache) -> int | None:
    """Bytes of weights, gradients, optimizer state and activations on each device, at their most.

    What kernels need while they work and what the allocator wastes are not in it, recurrent layers
    count as if they were not fused, and under mixed precision all activations as if they were kept
    in 32 bits.

    Args:
        cfg: With the model's width.
        spec: What the data is.
        cache: Cache for configs that differ only in their optimizer, or not even in that.

    Returns:
        None where the network, its loss or its optimizer need values, which the meta device does
        not have.
    """
    parts = num_processes_of(cfg) if cfg.trainer.strategy == "fsdp" else 1
    model = (cfg.model, cfg.trainer.precision, frozen_until(cfg), spec)
    batch = (cfg.task, batch_split_of(cfg).micro_batch, parts > 1)
    step = cache.get_or_compute(
        lambda: _step_bytes(cfg, spec, is_split=parts > 1), "step", *model, *batch
    )
    state = cache.get_or_compute(
        lambda: _kept_by_optimizer(cfg, spec), "state", *model, cfg.optimizer
    )
    if step is None or state is None:
        return None
    held = cache.get_or_compute(lambda: Allocations.by(_net(cfg, spec)), "held", *model)
    if cfg.get("privacy") is not None:  # the gradient of each sample
        step += batch_split_of(cfg).micro_batch * held.gradients
    if parts == 1:
        return step + held.weights + state
    return step + held.gathered + (held.weights + held.gradients + state) // parts


@dataclass(frozen=True)
class Allocations:
    """Bytes of a network, whatever it computes.

    Attributes:
        weights: Buffers too.
        gradients: Bytes of the gradients of all that is trained.
        gathered: Weights that `strategy=fsdp` has whole at a time.
    """

    weights: int
    gradients: int
    gathered: int

    @classmethod
    def by(cls, net: nn.Module) -> "Allocations":
        return cls(
            sum(tensor.nbytes for tensor in (*net.parameters(), *net.buffers())),
            sum(p.nbytes for p in net.parameters() if p.requires_grad),
            gathered_bytes(net),
        )


def _step_bytes(cfg: DictConfig, spec: Spec, *, is_split: bool) -> int | None:
    """Of a forward and a backward pass, beside the weights.

    Args:
        cfg: Config of the run.
        spec: What its data is.
        is_split: Each gradient is dealt out to the processes as soon as it is there.
    """
    net = _net(cfg, spec)
    task = build_task(cfg, net, spec)
    if is_split:
        for parameter in net.parameters():
            parameter.register_post_accumulate_grad_hook(_forget_gradient)  # type: ignore[no-untyped-call]
    samples = batch_split_of(cfg).micro_batch
    try:
        with _on_meta():
            return along_time(
                lambda part: step_bytes(task, part, samples=samples), net, spec, first=16, last=32
            )
    except Exception:  # whatever the network does where there are no values
        return None


def _forget_gradient(parameter: Tensor) -> None:
    parameter.grad = None


def step_bytes(task: Task, spec: Spec, *, samples: int) -> int:
    """Bytes of activations and gradients, where they are most.

    Args:
        task: Task whose network decides the device.
        spec: Shape of the samples.
        samples: In the batch.
    """
    batch = blank_batch(spec, samples, like=next(task.net.parameters()))
    with PeakMemory() as memory:
        torch.autograd.backward(task.training_step(batch, 0))
    return int(memory.most)


def gathered_bytes(net: nn.Module) -> int:
    """Weights that `strategy=fsdp` has whole at a time: what is in no block, and two blocks."""
    blocks = [_weight_bytes(block) for block in blocks_of(net)]
    return _weight_bytes(net) - sum(blocks) + 2 * max(blocks, default=0)


def _weight_bytes(net: nn.Module) -> int:
    return sum(parameter.nbytes for parameter in net.parameters())


def _kept_by_optimizer(cfg: DictConfig, spec: Spec) -> int | None:
    net = _net(cfg, spec)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    # A fused one knows no meta device; its state is the same.
    unfused = {"fused": False} if cfg.optimizer.get("fused") else {}
    try:
        with _on_meta():
            optimizer = optimizer_factory(cfg, **unfused)(net)
            switch([optimizer], training=True)
            optimizer.step()
    except Exception:  # as above
        return None
    return state_bytes(optimizer)


def _net(cfg: DictConfig, spec: Spec) -> nn.Module:
    return meta_net(cfg, spec).to(WEIGHTS.get(cfg.trainer.precision, torch.float32)).train()


def blank_batch(spec: Spec, samples: int, *, like: Tensor) -> tuple[Tensor, Tensor]:
    """Zeros in the shape of a batch, on the device and in the precision of `like`."""
    is_text, is_numbers = spec.kind == "text", spec.task_name == "regression"
    is_of_tokens = spec.task_name == "language_modeling"
    targets = (spec.num_outputs,) if is_numbers else spec.input_shape if is_of_tokens else ()
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


@contextmanager
def _on_meta() -> Iterator[None]:
    """Answers where the meta device does not: with fused attention, and values that are 1.

    Not by one mode for both: torch leaves modes on the way back, where blocks are computed again.
    """
    with _Values(), attention_by(fused_attention):
        yield


def fused_attention(
    q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor | None = None, **options: Any
) -> Tensor:
    """Attention as devices have it, which does not keep the weights of all pairs.

    With a mask or dropout a CPU has none.
    """
    if attn_mask is not None or options.get("dropout_p"):
        return plain_attention(q, k, v, attn_mask, **options)
    return flash_attention_for_cpu(q, k, v, is_causal=options.get("is_causal", False))


class _Values(TorchFunctionMode):
    """Lets optimizers ask for norms."""

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if function is Tensor.item and args[0].is_meta:
            return 1.0
        return function(*args, **(kwargs or {}))


class PeakMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Follows the storages that are made while it is entered, on any device, `meta` too.

    Attributes:
        most: Bytes of those that were alive at a time. What was there before does not count, nor
            what kernels need inside.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.alive: dict[int, int] = {}
        self.now: int = 0
        self.most: int = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        before = {
            storage_key(tensor) for tensor in tree_leaves((args, kwargs)) if _is_tensor(tensor)
        }
        made = function(*args, **(kwargs or {}))
        for tensor in filter(_is_tensor, tree_leaves(made)):
            if storage_key(tensor) not in before and storage_key(tensor) not in self.alive:
                self._follow(tensor)
        return made

    def _follow(self, tensor: Tensor) -> None:
        key, storage = storage_key(tensor), tensor.untyped_storage()
        self.alive[key] = storage.nbytes()
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._forget, key)

    def _forget(self, key: int) -> None:
        self.now -= self.alive.pop(key)


def _is_tensor(value: object) -> bool:
    return isinstance(value, Tensor)
