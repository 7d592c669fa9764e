"""How the samples of an optimizer step are dealt out to processes and accumulation."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig, open_dict

from leyden.config.module_run import has_leyden_data
from leyden.run.folder import freeze_config, read_frozen


@dataclass(frozen=True)
class BatchSplit:
    """A step's samples: `batch_size = num_processes * micro_batch * accumulate`.

    Attributes:
        batch_size: Samples of an optimizer step.
        num_processes: Devices on all machines.
        micro_batch: Samples that a device computes at a time.
        accumulate: Micro-batches whose gradients a device adds up.
    """

    batch_size: int
    num_processes: int
    micro_batch: int
    accumulate: int

    def __str__(self) -> str:
        words = [f"{self.num_processes} devices x"] if self.num_processes > 1 else []
        words.append(f"{self.micro_batch} samples")
        return " ".join([*words, f"x {self.accumulate}"] if self.accumulate > 1 else words)


def batch_split_of(cfg: DictConfig) -> BatchSplit:
    """The split that a config asks for.

    Where `trainer.micro_batch` says a number, accumulation follows from it; otherwise
    `trainer.accumulate_grad_batches` says it. `auto` begins with all of a device's share.

    Raises:
        ValueError: It does not come out even; the message names what would.
    """
    batch_size, num_processes = batch_size_of(cfg), num_processes_of(cfg)
    micro_batch, accumulate = cfg.trainer.micro_batch, cfg.trainer.accumulate_grad_batches
    if isinstance(micro_batch, int):
        shares, what = micro_batch, f"micro-batches of {micro_batch}"
    else:
        shares, what = accumulate or 1, f"{accumulate or 1} of accumulation"
    devices = f"{num_processes} devices x " if num_processes > 1 else ""
    require_divisible(batch_size, num_processes * shares, f"{devices}{what}")
    other = batch_size // (num_processes * shares)
    if not isinstance(micro_batch, int):
        return BatchSplit(batch_size, num_processes, other, shares)
    if accumulate not in (None, other):
        raise ValueError(f"is {num_processes} x {micro_batch} x {other}, not x {accumulate}")
    return BatchSplit(batch_size, num_processes, micro_batch, other)


def accumulation_of(cfg: DictConfig) -> int:
    """Batches of a device in an optimizer step; the user's own loaders make them as they are."""
    if has_leyden_data(cfg):
        return batch_split_of(cfg).accumulate
    return int(cfg.trainer.accumulate_grad_batches or 1)


def batch_size_of(cfg: DictConfig) -> int:
    """Samples of an optimizer step, also where they are said in tokens.

    Raises:
        ValueError: The tokens are no whole number of samples.
    """
    tokens = cfg.data.get("batch_tokens")
    if tokens is None:
        return int(cfg.data.batch_size)
    context = int(cfg.data.context)
    require_divisible(int(tokens), context, "data.context")
    return int(tokens) // context


def require_divisible(number: int, divisor: int, what: str) -> None:
    """Raises `ValueError`, which names what would come out even.

    Args:
        number: Number that is divided.
        divisor: Number that it is divided by.
        what: The divisor is.
    """
    if number % divisor:
        below = number - number % divisor
        nearest = ", ".join(str(size) for size in (below, below + divisor) if size)
        raise ValueError(f"does not divide by {divisor} ({what}); nearest: {nearest}")


def num_processes_of(cfg: DictConfig) -> int:
    """Processes that share a run, on all machines."""
    return int(cfg.trainer.devices) * int(cfg.trainer.num_nodes)


def halve_micro_batch(folder: Path) -> bool:
    """Makes the micro-batch of a run at most half as large, and accumulation as much longer.

    Returns:
        False where it is one sample, or the user has said its size.
    """
    cfg = read_frozen(folder)
    if cfg.trainer.micro_batch != "auto":
        return False
    split = batch_split_of(cfg)
    if split.micro_batch == 1:
        return False
    share = split.batch_size // split.num_processes
    smaller = next(size for size in range(split.micro_batch // 2, 0, -1) if share % size == 0)
    cfg.trainer.accumulate_grad_batches = share // smaller
    freeze_config(cfg, folder)
    return True


def solve_batch(cfg: DictConfig) -> None:
    """Writes what follows from the split into the config, for the record."""
    split = batch_split_of(cfg)
    with open_dict(cfg):
        cfg.data.batch_size = split.batch_size
        cfg.trainer.accumulate_grad_batches = split.accumulate
        if cfg.trainer.micro_batch != "auto":
            cfg.trainer.micro_batch = split.micro_batch
