"""The strategies by which processes share a run."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from leyden.ranges import PositiveInt
from leyden.runs.sharded import is_sharded, with_names

StrategyName = Literal["auto", "ddp", "fsdp"]


def strategy_of(
    name: StrategyName, *, num_processes: PositiveInt, timeout: float, sharded_checkpoints: bool
) -> Strategy | Literal["auto"]:
    """Lightning's strategy of a name. A single process shares with no one, whatever it is called.

    Args:
        name: `ddp`: each process has the whole network. `fsdp`: each has a part of every parameter.
        num_processes: On all machines.
        timeout: Seconds that a process waits for the others before it gives up.
        sharded_checkpoints: Of `fsdp`: each process writes its part, instead of the first the
            whole.
    """
    if num_processes == 1 or name == "auto":
        return "auto"
    patience = timedelta(seconds=timeout)
    if name == "ddp":
        return DDPStrategy(timeout=patience, gradient_as_bucket_view=True)
    return FullyShardedStrategy(
        data_parallel_size=num_processes,
        tensor_parallel_size=1,
        save_distributed_checkpoint=sharded_checkpoints,
        timeout=patience,
    )


class FullyShardedStrategy(ModelParallelStrategy):
    """FSDP2 by Lightning (Zhao et al. 2023, "PyTorch FSDP"; `fully_shard` of torch).

    Lightning writes a sharded checkpoint into the folder of the last one, which a crash would leave
    half old and half new. Here it is written beside it and takes its place when it is whole. And
    files that other strategies wrote are read here whatever groups the optimizer has.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], filepath: str | Path, storage_options: Any | None = None
    ) -> None:
        path = Path(self.broadcast(filepath))
        staged = path.with_name(f"{path.name}.new")
        if self.global_rank == 0:
            remove(staged)
        self.barrier()
        super().save_checkpoint(checkpoint, staged, storage_options)
        self.barrier()
        if self.global_rank == 0:
            remove(path)
            staged.rename(path)
        self.barrier()

    def load_checkpoint(
        self, checkpoint_path: str | Path, weights_only: bool | None = None
    ) -> dict[str, Any]:
        path = Path(self.broadcast(checkpoint_path))
        if is_sharded(path):
            return super().load_checkpoint(path, weights_only)
        # Lightning takes the order of the network's parameters for that of the optimizer's groups.
        checkpoint = torch.load(path, map_location="cpu", mmap=True, weights_only=weights_only)
        options = StateDictOptions(full_state_dict=True)
        model = self.model
        assert model is not None
        set_model_state_dict(model, checkpoint.pop("state_dict"), options=options)
        names = {parameter: name for name, parameter in model.named_parameters()}
        for optimizer, state in zip(
            self.optimizers, checkpoint.pop("optimizer_states"), strict=False
        ):
            groups = [[names[p] for p in group["params"]] for group in optimizer.param_groups]
            named = with_names(state, groups)
            set_optimizer_state_dict(model, optimizer, optim_state_dict=named, options=options)
        return dict(checkpoint)


def remove(path: Path) -> None:
    """Removes a checkpoint of either kind, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
