"""Weights that a run begins with, from another run or a checkpoint: they exist, and they fit."""

from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig
from torch import nn

from leyden.config.huggingface import is_hf
from leyden.errors import CheckpointError, ConfigError, Problem
from leyden.run.checkpoints import find_checkpoint, prefix_of, read_weights
from leyden.run.foreign_links import reject_foreign_links


def weights_are_there(cfg: DictConfig) -> Iterator[Problem]:
    """`init_from` names a run or a checkpoint; whether `hf:` names a model, the fit finds out."""
    if cfg.init_from is None or is_hf(cfg.init_from):
        return
    try:
        reject_foreign_links(Path(cfg.init_from), key="init_from")
        checkpoint = find_checkpoint(Path(cfg.init_from))
    except ConfigError as error:
        yield from error.problems
        return
    except CheckpointError as error:
        yield Problem("init_from", str(error), cfg.init_from)
        return
    if checkpoint is None:
        message = (
            "is neither a run's folder with a checkpoint nor a checkpoint file;"
            " of Hugging Face's say hf:PATH_OR_NAME"
        )
        yield Problem("init_from", message, cfg.init_from)


def require_matching_weights(key: str, checkpoint: Path, net: nn.Module) -> None:
    """Raises `ConfigError` if a checkpoint's weights do not fit `net`.

    Args:
        key: Config key that names the checkpoint.
        checkpoint: A file, or a run's folder.
        net: Network on the meta device.
    """
    path = find_checkpoint(checkpoint)
    assert path is not None
    try:
        weights = read_weights(path, prefix_of(net))
        theirs = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    except Exception as error:  # a file that is not trusted can raise anything
        message = (
            f"can't be read: {path.name} holds more than tensors and plain values, or is broken"
        )
        raise ConfigError([Problem(key, message, str(checkpoint))]) from error
    ours = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    different = [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
    if different:
        name = sorted(different)[0]
        message = (
            f"holds another model: the shape of `{name}` is {theirs.get(name, 'missing')} in it,"
            f" {ours.get(name, 'not there')} in this config"
        )
        raise ConfigError([Problem(key, message, str(checkpoint))])
