"""torch.compile, where the config asks for it."""

from typing import cast

from omegaconf import DictConfig, OmegaConf
from torch import nn

from leyden.parallel.sharding import blocks_of


def compile_net(net: nn.Module, cfg: DictConfig) -> None:
    """Compiles a network in place, so that its parameters keep their names.

    A network with `blocks` is compiled block by block: they are alike, so that one compilation
    serves all, and it goes together with `strategy=fsdp`, which gathers them one by one.

    Args:
        net: Changed in place.
        cfg: Its `compile` says whether, or how.
    """
    if not cfg.compile:
        return
    options: dict[str, str | bool | None] = {}
    if isinstance(cfg.compile, DictConfig):
        options = cast(dict[str, str | bool | None], OmegaConf.to_container(cfg.compile))
    for part in blocks_of(net) or [net]:
        part.compile(**options)
