"""Values that a config gets before it is frozen: it then depends on no other place and file.

Absolute paths, the rule of the split, and what the files of a model say of its architecture.
"""

from pathlib import Path
from typing import get_args

from omegaconf import DictConfig, OmegaConf, open_dict

from leyden.config.huggingface import PREFIX, is_here, is_hf, path_of
from leyden.config.plain import copy_of, plain
from leyden.config.signature import parameters_of
from leyden.config.targets import find_target
from leyden.errors import ConfigError, Problem
from leyden.tokenization.choice import TokenizerName

PATHS = ("name", "weights")
"""Keys of a model that may name a file or folder."""


def freeze_architecture(cfg: DictConfig) -> None:
    """Writes into the config what the files of a model say of its architecture.

    A model says it by its method `frozen_arguments`, which raises `ValueError` with the attribute
    `key` where it can't; and by `tokenizer_of` which tokenizer it was made for: texts without
    another one take it. Paths become absolute.

    Args:
        cfg: Config of a network.

    Raises:
        ConfigError: The files can't be read.
    """
    target = find_target(cfg.model._target_)
    arguments = dict(plain(cfg.model))
    if str(cfg.model._target_).startswith("leyden."):
        for key in PATHS:
            if (path := arguments.get(key)) and Path(path).expanduser().exists():
                cfg.model[key] = str(Path(path).expanduser().absolute())
    frozen = getattr(target, "frozen_arguments", None)
    if frozen is None:
        return
    with open_dict(cfg):
        try:
            for key, value in frozen(arguments).items():
                cfg.model[key] = OmegaConf.create(value) if isinstance(value, dict) else value
        except ValueError as error:
            named = getattr(error, "key", None)
            where = "model" if named is None else f"model.{named}"
            value = None if named is None else str(arguments.get(named))
            raise ConfigError([Problem(where, str(error), value)]) from error
    complete_tokenizer(cfg)


def complete_tokenizer(cfg: DictConfig) -> None:
    """Writes the tokenizer of the model into the config where its texts have none."""
    model, data = find_target(cfg.model._target_), find_target(cfg.data._target_)
    own = getattr(model, "tokenizer_of", None)
    said = str(cfg.data.get("tokenizer") or "")
    with open_dict(cfg):
        if own is not None and not said and "tokenizer" in parameters_of(data):
            cfg.data.tokenizer = said = own(dict(plain(cfg.model)))
        if is_hf(said) and is_here(said):
            cfg.data.tokenizer = f"{PREFIX}{path_of(said).absolute()}"


def with_absolute_paths(cfg: DictConfig) -> DictConfig:
    """A copy of a config with absolute paths."""
    cfg = copy_of(cfg)
    tokenizer = cfg.data.get("tokenizer")
    is_path = tokenizer is not None and tokenizer not in get_args(TokenizerName)
    if is_path and Path(tokenizer).expanduser().exists():
        cfg.data.tokenizer = str(Path(tokenizer).expanduser().absolute())
    path = cfg.data.get("path")
    if path is not None and str(absolute := Path(path).expanduser().absolute()) != path:
        cfg.data.path = str(absolute)
    return cfg


def freeze_split(cfg: DictConfig) -> None:
    """Writes the rule of the split into the config; without it, that of earlier versions holds."""
    target = find_target(cfg.data._target_)
    has_rule = "split" in parameters_of(target) and not getattr(target, "takes_only_folds", False)
    if "split" not in cfg.data and has_rule:
        with open_dict(cfg):
            cfg.data.split = {"stratified": True}
