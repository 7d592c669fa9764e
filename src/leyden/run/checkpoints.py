"""Finding a run's checkpoint, and its network's weights."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

from leyden.errors import CheckpointError
from leyden.models.weights_file import WEIGHTS_SUFFIXES, read_content, weights_in
from leyden.run.checkpoint_file import Marker, defect_of, read_marker, step_of
from leyden.run.sharded import is_sharded, read_into, read_meta, read_whole

Kind = Literal["best", "step"]
BEST: Kind = "best"
LAST: Kind = "step"

NETWORK = "net."


def checkpoints_in(folder: Path, kind: Kind) -> list[tuple[Path, Marker]]:
    """The finished checkpoints of a kind with their markers: the best, or the newest, first.

    They are ordered by their steps, not by the times of the files, which clocks and copies change.
    """
    paths = [path.with_suffix(".ckpt") for path in checkpoint_files(folder, kind, ".json")]
    found = [(path, read_marker(path)) for path in paths]
    marked = [(path, marker) for path, marker in found if marker is not None]
    by_score = kind == BEST
    return sorted(marked, key=lambda pair: (-(pair[1].score or 0.0) * by_score, -pair[1].step))


def find_checkpoint(source: Path, which: str = "best") -> Path | None:
    """The checkpoint of a run.

    Args:
        source: A run's folder, or a checkpoint file, which is returned as it is.
        which: `best` (by the monitor; the last one where nothing was monitored) or `last`.

    Returns:
        Its path, or None if there is none.

    Raises:
        CheckpointError: There are some, but none is sound.
    """
    if source.is_file() or is_sharded(source):
        return source if source.suffix in WEIGHTS_SUFFIXES else None
    kinds: tuple[Kind, ...] = (BEST, LAST) if which == "best" else (LAST,)
    for kind in kinds:
        path, _ = find_intact(source, kind)
        if path is not None:
            return path
    unmarked = [source / "checkpoints" / f"{name}.ckpt" for name in (which, "last")]
    return next((path for path in unmarked if path.is_file() or is_sharded(path)), None)


def find_intact(run: Path, kind: Kind) -> tuple[Path | None, list[str]]:
    """The first checkpoint of a kind that is what its marker says.

    A file without a marker is whole, since it got its name when it was, but it can't be checked: it
    is taken where there is no marker at all.

    Args:
        run: A run's folder.
        kind: Its best, or those to resume from.

    Returns:
        Its path, or None if there is none of this kind; and why others were passed over.

    Raises:
        CheckpointError: There are some, but none is sound.
    """
    marked = [path for path, _ in checkpoints_in(run / "checkpoints", kind)]
    unmarked = sorted(
        (path for path in checkpoint_files(run / "checkpoints", kind) if path not in marked),
        key=step_in_name,
        reverse=True,
    )
    defects: list[str] = []
    for path in marked:
        defect = defect_of(path)
        if defect is None:
            newer = [one for one in unmarked if step_in_name(one) > step_in_name(path)]
            return path, [f"{one.name} {defect_of(one)}" for one in newer] + defects
        defects.append(f"{path.name} {defect}")
    if defects:
        raise CheckpointError("no checkpoint can be used: " + "; ".join(defects))
    return next(iter(unmarked), None), [f"{one.name} {defect_of(one)}" for one in unmarked[:1]]


def checkpoint_files(folder: Path, kind: Kind, suffix: str = ".ckpt") -> list[Path]:
    """Files with names as `step-120.ckpt`, and no others: names are a stranger's, too."""
    name = re.compile(rf"{kind}-[0-9]{{1,18}}{re.escape(suffix)}")
    return [path for path in folder.glob(f"{kind}-*{suffix}") if name.fullmatch(path.name)]


def step_in_name(path: Path) -> int:
    """Of `step-120.ckpt`; 0 where there is none."""
    digits = path.stem.rpartition("-")[2]
    return int(digits) if digits.isdecimal() else 0


def read_step(checkpoint: Path) -> int:
    """The optimizer step at which a checkpoint was written."""
    if is_sharded(checkpoint):
        return step_of(read_meta(checkpoint))
    return step_of(torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True))


def prefix_of(module: nn.Module) -> str:
    """What names of a module's weights begin with in checkpoints.

    A network's are kept by the task around it, those of a LightningModule as they are.
    """
    return "" if isinstance(module, LightningModule) else NETWORK


def read_weights(checkpoint: Path, prefix: str = NETWORK) -> dict[str, Tensor]:
    """Weights by name; tensors only, no code is run.

    Args:
        checkpoint: Checkpoint of a run or of Lightning's, or a file with a state dict alone.
        prefix: See `prefix_of`; names without it are left out, unless none has it.

    Raises:
        CheckpointError: It holds something else.
    """
    if is_sharded(checkpoint):
        state = read_whole(checkpoint)["state_dict"]
    else:
        content = read_content(checkpoint)
        state = weights_in(content, checkpoint)
        if "state_dict" not in content:  # a network's own, without the task around it
            return state
    if not any(name.startswith(prefix) for name in state):
        return dict(state)
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if name.startswith(prefix)
    }


def load_weights(module: nn.Module, checkpoint: Path) -> None:
    """Gives a module, split over processes or not, the weights of a checkpoint of either kind.

    Args:
        module: A network, or a LightningModule of the user's.
        checkpoint: Checkpoint of a run.
    """
    prefix = prefix_of(module)
    if is_sharded(checkpoint):
        weights = {prefix + name: tensor for name, tensor in module.state_dict().items()}
        read_into({"state_dict": weights}, checkpoint)
    else:
        set_weights(module, read_weights(checkpoint, prefix))


def set_weights(net: nn.Module, weights: Mapping[str, Tensor], *, strict: bool = True) -> None:
    """Gives a network, split over processes or not, whole weights.

    Args:
        net: Has parameters of these names and shapes.
        weights: By name.
        strict: Whether all have to be there.
    """
    options = StateDictOptions(full_state_dict=True, strict=strict)
    set_model_state_dict(net, dict(weights), options=options)


def relative_to_run(checkpoint: str, folder: Path) -> str | None:
    """A checkpoint's path as the record keeps it, so that a run's folder can be moved."""
    if not checkpoint:
        return None
    return str(Path(checkpoint).absolute().relative_to(folder.absolute()))
