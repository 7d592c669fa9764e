"""The strategies by which processes share a run, and how they write checkpoints."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import torch
from lightning_fabric.plugins import TorchCheckpointIO
from pytorch_lightning.strategies import DDPStrategy, ModelParallelStrategy, Strategy
from torch import distributed, nn
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_optimizer_state_dict,
    set_model_state_dict,
    set_optimizer_state_dict,
)

from leyden.files.atomic import PART, sync_file, sync_folder
from leyden.run.checkpoint_file import (
    Marker,
    digest_of_file,
    digest_of_folder,
    remove,
    step_of,
    write_file,
    write_marker,
)
from leyden.run.foreign_links import lies_in
from leyden.run.sharded import (
    META,
    is_sharded,
    read_into,
    read_meta,
    read_whole,
    with_names,
    with_state,
)
from leyden.types import PositiveInt

StrategyName = Literal["auto", "ddp", "fsdp"]


def strategy_of(
    name: StrategyName,
    *,
    num_processes: PositiveInt,
    timeout: float,
    sharded_checkpoints: bool,
    config_digest: str,
    folder: Path | None,
) -> Strategy | Literal["auto"]:
    """Lightning's strategy by name; a single process always has `auto`.

    Args:
        name: `ddp`: each process has the whole network. `fsdp`: each has a part of every parameter.
        num_processes: On all machines.
        timeout: Seconds that a process waits for the others before it gives up.
        sharded_checkpoints: Whether, under `fsdp`, each process writes its part, instead of the
            first the whole.
        config_digest: Goes into the checkpoints' markers.
        folder: Folder of the run; None: there is none.
    """
    if num_processes == 1 or name == "auto":
        return "auto"
    patience = timedelta(seconds=timeout)
    if name == "ddp":
        return DDPStrategy(timeout=patience, gradient_as_bucket_view=True)
    return FullyShardedStrategy(
        config_digest,
        folder,
        data_parallel_size=num_processes,
        tensor_parallel_size=1,
        save_distributed_checkpoint=sharded_checkpoints,
        timeout=patience,
    )


class FullyShardedStrategy(ModelParallelStrategy):
    """FSDP2 by Lightning (Zhao et al. 2023, "PyTorch FSDP"; `fully_shard` of torch).

    Lightning writes a sharded checkpoint where it is to lie, and a crash would leave a part of it
    there. Here it is staged, and gets its name and its marker when it is whole. And files that
    other strategies wrote are read here whatever groups the optimizer has.

    Args:
        config_digest: Digest of the run's config; it goes into the checkpoints' markers.
        folder: Folder of the run; None: there is none.
        options: Further options of Lightning's strategy.
    """

    def __init__(self, config_digest: str, folder: Path | None, **options: Any) -> None:
        super().__init__(**options)
        self.config_digest = config_digest
        self.checkpoint_io = MarkedCheckpointIO(config_digest, folder=folder)

    def save_checkpoint(
        self, checkpoint: dict[str, Any], filepath: str | Path, storage_options: Any | None = None
    ) -> None:
        path = Path(self.broadcast(filepath))
        if not self._save_distributed_checkpoint:
            if self.is_global_zero:
                self.checkpoint_io.save_checkpoint(checkpoint, path, storage_options)
            return
        staged, step = path.with_name(f".{path.name}{PART}"), step_of(checkpoint)
        if self.is_global_zero:
            remove(staged)
        self.barrier()
        error: str | None = None
        try:
            super().save_checkpoint(checkpoint, staged)
        except (OSError, CheckpointException) as found:
            error = str(found)
        files = self._digests(staged, error)
        try:
            if self.is_global_zero:
                remove(path)
                staged.rename(path)
                sync_folder(path.parent)
                sha256, size = digest_of_folder(files)
                said = storage_options or {}
                write_marker(path, Marker(sha256, size, step, self.config_digest, **said))
        finally:  # the others wait, also where this fails
            self.barrier()

    def _digests(self, staged: Path, error: str | None) -> dict[str, tuple[str, int]]:
        """Digest and size of every file; each process reads those that it has written.

        Raises:
            OSError: In all processes, if one of them could not write.
        """
        own: dict[str, tuple[str, int]] = {}
        if error is None:
            paths = list(staged.glob(f"__{self.global_rank}_*"))
            if self.is_global_zero:
                sync_file(staged / META)
                paths += [staged / ".metadata", staged / META]
            own = {path.name: digest_of_file(path) for path in paths}
        told: list[Any] = [None] * self.world_size
        distributed.all_gather_object(told, (error, own))
        errors = [said for said, _ in told if said is not None]
        if errors:
            raise OSError(errors[0])
        return {name: digest for _, files in told for name, digest in files.items()}

    def load_checkpoint(
        self, checkpoint_path: str | Path, weights_only: bool | None = None
    ) -> dict[str, Any]:
        path, model = Path(self.broadcast(checkpoint_path)), self.model
        assert model is not None
        if is_sharded(path):
            return self._load_sharded(path, model)
        # Lightning takes the order of the network's parameters for that of the optimizer's groups.
        checkpoint = torch.load(path, map_location="cpu", mmap=True, weights_only=True)
        options = StateDictOptions(full_state_dict=True)
        set_model_state_dict(model, checkpoint.pop("state_dict"), options=options)
        names = {parameter: name for name, parameter in model.named_parameters()}
        for optimizer, state in zip(
            self.optimizers, checkpoint.pop("optimizer_states"), strict=False
        ):
            groups = [[names[p] for p in group["params"]] for group in optimizer.param_groups]
            named = with_names(state, groups)
            with only_with_state(model, named["state"].keys()):
                set_optimizer_state_dict(model, optimizer, optim_state_dict=named, options=options)
        return dict(checkpoint)

    def _load_sharded(self, path: Path, model: nn.Module) -> dict[str, Any]:
        """As Lightning does, which would run what a checkpoint says."""
        weights = {"state_dict": get_model_state_dict(model)}
        read_into(weights, path)
        model.load_state_dict(weights["state_dict"])
        options = StateDictOptions(cpu_offload=True)
        for number, optimizer in enumerate(self.optimizers):
            name = f"optimizer_{number}"
            names = (one for one, _ in model.named_parameters())
            with only_with_state(model, with_state(path, name, names)):
                state = {name: get_optimizer_state_dict(model, optimizer)}
                read_into(state, path)
                set_optimizer_state_dict(
                    model, optimizer, optim_state_dict=state[name], options=options
                )
        return read_meta(path)


@contextmanager
def only_with_state(model: nn.Module, names: Collection[str]) -> Iterator[None]:
    """Lets torch set an optimizer's state for some parameters alone.

    It makes a state for each parameter that can have a gradient, and asks the checkpoint for it.
    Those that were frozen until then have none.

    Args:
        model: Network that is split over the processes.
        names: The parameters with a state; none: the optimizer keeps no state at all.
    """
    without = [p for name, p in model.named_parameters() if p.requires_grad and name not in names]
    without = without if names else []
    for parameter in without:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in without:
            parameter.requires_grad_(True)


log = logging.getLogger("leyden")


class MarkedCheckpointIO(TorchCheckpointIO):
    """Files that are there whole or not at all; of reading, also the folders of `strategy=fsdp`.

    Args:
        config_digest: Digest of the run's config; it goes into the markers.
        folder: Folder of the run: nothing is removed elsewhere. None: nothing at all.
    """

    def __init__(self, config_digest: str, *, folder: Path | None = None) -> None:
        self.config_digest = config_digest
        self.folder = folder

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        sha256, size = write_file(checkpoint, Path(path))
        step, said = step_of(checkpoint), storage_options or {}
        write_marker(Path(path), Marker(sha256, size, step, self.config_digest, **said))

    def load_checkpoint(
        self, path: str | Path, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        if is_sharded(Path(path)):
            return read_whole(Path(path))
        return super().load_checkpoint(path, map_location, weights_only=True)

    def remove_checkpoint(self, path: str | Path) -> None:
        if self.folder is not None and lies_in(Path(path), self.folder):
            remove(Path(path))
        else:
            log.warning("not removed, since it is not in the run's folder: %s", path)
