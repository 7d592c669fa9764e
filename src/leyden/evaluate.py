"""Test metrics of a run, from its folder alone."""

from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import seed_everything

from leyden.config.build import build_data, build_net, build_task, build_trainer
from leyden.config.fit import refuse_other_weights
from leyden.config.hardware import accelerator_is_here, precision_fits
from leyden.config.look import read_spec
from leyden.config.problem import ConfigError, Problem, suggestion
from leyden.config.size import meta_net
from leyden.runs.checkpoints import load_weights
from leyden.runs.folder import read_frozen
from leyden.runs.log import quiet
from leyden.trained import checkpoint_of, refuse_other_folders


def evaluate(folder: Path, overrides: list[str]) -> dict[str, float]:
    """Tests a run's checkpoint and returns the metrics by name. Writes nothing.

    Args:
        folder: The run's.
        overrides: `ckpt=best` (the default) or `ckpt=last`, and keys of the run's config.

    Raises:
        ConfigError: No such run or checkpoint, or an override of what the run does not have.
    """
    refuse_other_folders(folder)
    cfg = read_frozen(folder)
    which = _override(cfg, overrides)
    cfg.trainer.devices = cfg.trainer.num_nodes = 1
    cfg.trainer.micro_batch = cfg.trainer.accumulate_grad_batches = None
    checkpoint = checkpoint_of(folder, which)
    problems = [*accelerator_is_here(cfg), *precision_fits(cfg)]
    if problems:
        raise ConfigError(problems)
    data = build_data(cfg)
    spec = read_spec(data, fetch=True)
    refuse_other_weights("RUN", checkpoint, meta_net(cfg, spec))
    with quiet():
        seed_everything(cfg.seed, verbose=False)
        task = build_task(cfg, build_net(cfg, spec), spec)
        trainer = build_trainer(cfg, data, folder=None, callbacks=[], loggers=[])
        load_weights(task.net, checkpoint)
        (metrics,) = trainer.test(task, datamodule=data, verbose=False)
    return dict(metrics)


def _override(cfg: DictConfig, overrides: list[str]) -> str:
    which, problems = "best", []
    for text in overrides:
        try:
            override = OverridesParser.create().parse_override(text)
        except HydraException:
            problems.append(Problem(text, "is not of the form key=value"))
            continue
        key, value = override.key_or_group, override.value()
        if key == "ckpt" and value in ("best", "last"):
            which = str(value)
        elif key == "ckpt":
            problems.append(Problem("ckpt", "must be one of best, last", str(value)))
        elif OmegaConf.select(cfg, key, default=None) is None:
            hint = suggestion(key, ["ckpt", *_keys(cfg)])
            problems.append(Problem(key, f"the run's config has no such key; {hint}", str(value)))
        else:
            OmegaConf.update(cfg, key, value)
    if problems:
        raise ConfigError(problems)
    return which


def _keys(node: DictConfig, prefix: str = "") -> list[str]:
    keys = []
    for key in map(str, node):
        keys.append(f"{prefix}{key}")
        if isinstance(node[key], DictConfig):
            keys += _keys(node[key], f"{prefix}{key}.")
    return keys
