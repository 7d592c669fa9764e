"""Weights that a run begins with: where they come from, and whether they fit the network."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning.utilities.seed import isolate_rng
from torch import Tensor, nn

from leyden.config.huggingface import WEIGHTS, is_hf
from leyden.errors import CheckpointError, ConfigError, Problem
from leyden.interop.gpt2 import gpt2_weights, require_matching_gpt2
from leyden.models.hf_folder import CONFIG, locate
from leyden.models.pretrained import Pretrained
from leyden.models.weights_file import unreadable
from leyden.planning.size import makes_layers_late
from leyden.run.checkpoints import (
    LAST,
    checkpoint_files,
    find_checkpoint,
    prefix_of,
    read_weights,
)
from leyden.run.foreign_links import reject_foreign_links
from leyden.run.weights_fit import WeightsFit, digest_of_weights, fit_weights


def weights_are_there(cfg: DictConfig) -> Iterator[Problem]:
    """`init_from` names a run or a checkpoint; whether `hf:` names a model, the fit finds out."""
    of_model = cfg.model.get("weights")
    if cfg.get("strict") is False and cfg.init_from is None and of_model is None:
        yield Problem("strict", "has no effect: init_from names no weights", "false")
    if cfg.init_from is None or goes_on(cfg):
        return
    if of_model is not None:
        message = f"names weights, too: init_from={cfg.init_from}; leave one of them out"
        yield Problem("model.weights", message, str(of_model))
    if is_hf(cfg.init_from):
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
            "is neither a run's folder with a checkpoint nor a file of weights (.ckpt, .pt, .pth,"
            " .bin, .safetensors); of Hugging Face's GPT-2 say hf:PATH_OR_NAME"
        )
        yield Problem("init_from", message, cfg.init_from)


def goes_on(cfg: DictConfig) -> bool:
    """Whether the run's folder has a checkpoint, by which initial weights are of no use."""
    return cfg.run_dir is not None and any(
        checkpoint_files(Path(cfg.run_dir) / "checkpoints", LAST)
    )


def initial_weights(cfg: DictConfig, net: nn.Module) -> Pretrained | None:
    """The weights that a run of a config begins with; None: those that the network draws.

    Args:
        cfg: Config of the run.
        net: Its network, or the user's LightningModule; may be on the meta device.
    """
    if cfg.init_from is None:
        return getattr(net, "pretrained", None)
    if is_hf(cfg.init_from):
        return Pretrained(partial(_of_gpt2, cfg.init_from), cfg.init_from, fetches=True)
    return Pretrained(partial(_of_file, Path(cfg.init_from), prefix_of(net)), cfg.init_from)


def initial_weights_content(
    cfg: DictConfig, net: nn.Module, *, fetch: bool
) -> dict[str, Any] | None:
    """What the record will say of the initial weights.

    Args:
        cfg: Config of the run.
        net: Its network, or the user's LightningModule, on the meta device.
        fetch: Whether weights may be fetched to be looked at.

    Returns:
        None where there are none, or where they are known once the run begins.

    Raises:
        ConfigError: They can't be read, or do not fit.
    """
    if goes_on(cfg):
        return None
    if cfg.init_from is not None and is_hf(cfg.init_from):
        require_matching_gpt2("init_from", cfg.init_from, net)
        return None
    pretrained = initial_weights(cfg, net)
    if pretrained is None or makes_layers_late(net) or (pretrained.fetches and not fetch):
        return None
    with isolate_rng():
        return fit_initial_weights(cfg, net, pretrained)[1]


def _of_gpt2(source: str) -> dict[str, Tensor]:
    return gpt2_weights(locate(source, (*CONFIG, *WEIGHTS)))


def _of_file(source: Path, prefix: str) -> dict[str, Tensor]:
    path = find_checkpoint(source)
    if path is None:
        raise CheckpointError("is not there any more")
    return read_weights(path, prefix)


def fit_initial_weights(
    cfg: DictConfig, net: nn.Module, pretrained: Pretrained
) -> tuple[WeightsFit, dict[str, Any]]:
    """Reads initial weights, and compares them with the network.

    Args:
        cfg: Config of the run.
        net: Its network, or the user's LightningModule; may be on the meta device.
        pretrained: Its initial weights.

    Returns:
        What is taken, and what the run's record says of it.

    Raises:
        ConfigError: They can't be read, or do not fit.
    """
    key = "model.weights" if cfg.init_from is None else "init_from"
    try:
        weights = pretrained.load()
    except ConfigError:
        raise
    except Exception as error:  # a file that is not trusted can raise anything; so do downloads
        is_clear = isinstance(error, CheckpointError | OSError)
        message = str(error).partition("\n")[0] if is_clear else unreadable(Path(pretrained.source))
        if pretrained.fetches:
            message = f"can't be fetched: {message}; name a file on this machine"
        raise ConfigError([Problem(key, message, pretrained.source)]) from error
    fit = fit_weights(weights, net.state_dict())
    misfits = fit.misfits(pretrained.new)
    if not fit.taken:
        message = f"holds another model: no name and shape is this network's; {_names(weights)}"
        raise ConfigError([Problem(key, message, pretrained.source)])
    if misfits and cfg.get("strict", True):
        raise ConfigError([_misfit(key, pretrained.source, fit, misfits)])
    return fit, {
        "source": pretrained.source,
        "sha256": digest_of_weights(weights),
        "taken": len(fit.taken),
        "prefix": fit.prefix,
        "not_taken": {name: [*map(_listed, shapes)] for name, shapes in fit.not_taken.items()},
    }


def _listed(shape: tuple[int, ...] | None) -> list[int] | None:
    return None if shape is None else list(shape)


def _names(weights: Mapping[str, Tensor]) -> str:
    first = ", ".join(list(weights)[:2])
    return f"its names are {first} and so on" if len(weights) > 2 else f"its names are {first}"


def _misfit(key: str, source: str, fit: WeightsFit, misfits: list[str]) -> Problem:
    name = misfits[0]
    theirs, ours = fit.not_taken[name]
    others = f", and {len(misfits) - 1} more differ" if len(misfits) > 1 else ""
    message = (
        f"holds another model: the shape of `{name}` is {theirs or 'missing'} in it,"
        f" {ours or 'not there'} in this config{others}; `strict=false` takes what fits"
    )
    return Problem(key, message, source)


def require_matching_weights(key: str, checkpoint: Path, net: nn.Module) -> None:
    """Raises `ConfigError` if a checkpoint's weights do not fit `net`.

    Args:
        key: What named the checkpoint.
        checkpoint: A file, or a run's folder.
        net: Network on the meta device.
    """
    path = find_checkpoint(checkpoint)
    assert path is not None
    try:
        weights = read_weights(path, prefix_of(net))
    except Exception as error:  # a file that is not trusted can raise anything
        message = (
            f"can't be read: {path.name} holds more than tensors and plain values, or is broken"
        )
        raise ConfigError([Problem(key, message, str(checkpoint))]) from error
    fit = fit_weights(weights, net.state_dict())
    if fit.not_taken or fit.prefix:
        name = next(iter(fit.not_taken), next(iter(weights)))
        theirs, ours = fit.not_taken.get(name, (None, None))
        message = (
            f"holds another model: the shape of `{name}` is {theirs or 'missing'} in it,"
            f" {ours or 'not there'} in this config"
        )
        raise ConfigError([Problem(key, message, str(checkpoint))])
