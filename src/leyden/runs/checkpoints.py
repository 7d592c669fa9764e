"""Finding a run's checkpoint, and its network's weights."""

import logging
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

from leyden.runs.sharded import is_sharded, read_into, read_meta, read_whole

log = logging.getLogger("leyden")

NETWORK = "net."


def find_checkpoint(source: Path, which: str = "best") -> Path | None:
    """The checkpoint of a run.

    Args:
        source: A run's folder, or a checkpoint file, which is returned as it is.
        which: `best` (by the monitor; the last one where nothing was monitored) or `last`.

    Returns:
        Its path, or None if there is none.
    """
    if source.is_file() or is_sharded(source):
        return source if source.suffix == ".ckpt" else None
    candidates = [source / "checkpoints" / f"{which}.ckpt", source / "checkpoints" / "last.ckpt"]
    return next((path for path in candidates if path.is_file() or is_sharded(path)), None)


def find_resumable(folder: Path) -> Path | None:
    """The checkpoint from which a run goes on; None where it has to begin.

    One that can't be read, since the process died while it wrote, is left aside with a warning.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if not (last.is_file() or is_sharded(last)):
        return None
    try:
        read_step(last)
    except (OSError, RuntimeError, EOFError, UnpicklingError, KeyError) as error:
        log.warning("%s can't be read, the run begins anew: %s", last, error)
        return None
    return last


def read_step(checkpoint: Path) -> int:
    """The optimizer step at which a checkpoint was written."""
    if is_sharded(checkpoint):
        return int(read_meta(checkpoint)["global_step"])
    content = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    return int(content["global_step"])


def read_weights(checkpoint: Path) -> dict[str, Tensor]:
    """The network's weights by name; tensors only, no code is run."""
    if is_sharded(checkpoint):
        state = read_whole(checkpoint)["state_dict"]
    else:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    return {
        name.removeprefix(NETWORK): tensor
        for name, tensor in state.items()
        if name.startswith(NETWORK)
    }


def load_weights(net: nn.Module, checkpoint: Path) -> None:
    """Gives a network, split over processes or not, the weights of a checkpoint of either kind."""
    if is_sharded(checkpoint):
        read_into({NETWORK + name: t for name, t in net.state_dict().items()}, checkpoint)
    else:
        set_weights(net, read_weights(checkpoint))


def set_weights(net: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Gives a network, split over processes or not, whole weights."""
    set_model_state_dict(net, dict(weights), options=StateDictOptions(full_state_dict=True))


def relative_to_run(checkpoint: str, folder: Path) -> str | None:
    """A checkpoint's path as the record keeps it, so that a run's folder can be moved."""
    if not checkpoint:
        return None
    return str(Path(checkpoint).absolute().relative_to(folder.absolute()))
