"""Finding a run's checkpoint, and its network's weights."""

import logging
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

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
    if source.is_file():
        return source if source.suffix == ".ckpt" else None
    candidates = [source / "checkpoints" / f"{which}.ckpt", source / "checkpoints" / "last.ckpt"]
    return next((path for path in candidates if path.is_file()), None)


def find_resumable(folder: Path) -> Path | None:
    """The checkpoint from which a run goes on; None where it has to begin.

    One that can't be read, since the process died while it wrote, is left aside with a warning.
    """
    last = folder / "checkpoints" / "last.ckpt"
    if not last.is_file():
        return None
    try:
        read_step(last)
    except (OSError, RuntimeError, EOFError, UnpicklingError, KeyError) as error:
        log.warning("%s can't be read, the run begins anew: %s", last, error)
        return None
    return last


def read_step(checkpoint: Path) -> int:
    """The optimizer step at which a checkpoint was written."""
    content = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)
    return int(content["global_step"])


def read_weights(checkpoint: Path) -> dict[str, Tensor]:
    """The network's weights by name; tensors only, no code is run."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    return {
        name.removeprefix(NETWORK): tensor
        for name, tensor in state.items()
        if name.startswith(NETWORK)
    }


def relative_to_run(checkpoint: str, folder: Path) -> str | None:
    """A checkpoint's path as the record keeps it, so that a run's folder can be moved."""
    if not checkpoint:
        return None
    return str(Path(checkpoint).absolute().relative_to(folder.absolute()))
