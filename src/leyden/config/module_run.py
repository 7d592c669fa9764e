"""Runs whose model is a LightningModule: it decides what a step is, and by what it is optimized.

Leyden's groups `optimizer`, `scheduler` and `task` are for its own tasks. A LightningModule is
given the first two if its constructor has parameters of these names.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException

from leyden.config.location import CONF
from leyden.config.plain import read_yaml
from leyden.config.signature import parameters_of
from leyden.config.targets import (
    find_target,
    is_user_target,
    makes_leyden_data,
    makes_lightning_module,
)
from leyden.errors import Problem

if TYPE_CHECKING:  # a job brings Hydra along, which verbs without a config do not need
    from leyden.config.job import Job

OF_LEYDENS_TASKS = ("optimizer", "scheduler", "task")
"""Keys of the root that may be null where the model is a LightningModule."""

LIGHTNINGS_DEFAULTS = {"gradient_clip_val": None, "num_sanity_val_steps": 2}
"""Keys of `trainer` for which Lightning's default holds instead of the catalogue's: the module was
written for it. The validation before the training shows which metrics the module logs."""


OF_OWN_TASKS = {"num_sanity_val_steps": 1}
"""Keys of `trainer` for a task of the user's with metrics: whether these can read what it gives is
seen by a validation before the training."""

OF_LEYDEN_DATA = {"allow_synthetic": False}
"""Keys of `trainer` that an option such as `trainer=smoke` sets, and only Leyden's data sets
follow."""


def is_module_run(cfg: Mapping[Any, Any] | DictConfig) -> bool:
    """Whether the model of a config is a LightningModule; False where its target is wrong."""
    try:
        return makes_lightning_module(str(cfg["model"]["_target_"]))
    except (TypeError, KeyError, ValueError, OmegaConfBaseException):
        return False


def has_leyden_data(cfg: Mapping[Any, Any] | DictConfig) -> bool:
    """Whether the data set of a config is a `leyden.data.DataModule`; False if it is wrong."""
    try:
        return makes_leyden_data(str(cfg["data"]["_target_"]))
    except (TypeError, KeyError, ValueError, OmegaConfBaseException):
        return False


def has_own_loaders(module: Any) -> bool:
    """Whether a LightningModule's class defines its training loader itself."""
    return any(
        "train_dataloader" in vars(cls)
        for cls in getattr(module, "__mro__", ())
        if not cls.__module__.startswith("pytorch_lightning")
    )


def is_passed(cfg: DictConfig, group: str) -> bool:
    """Whether a LightningModule is given what a group names."""
    taken = parameters_of(find_target(str(cfg.model._target_)))
    return group in taken and group not in cfg.model


def named_in_vain(job: "Job") -> Iterator[Problem]:
    """What a request names though a LightningModule has no use for it."""
    cfg = job.cfg
    if not is_module_run(cfg):
        return
    name = str(cfg.model._target_).rpartition(".")[2]
    for group in ("optimizer", "scheduler"):
        if is_passed(cfg, group) or not _is_named(job, group):
            continue
        if group in cfg.model:
            message = f"has no effect: the model has its own, model.{group}; leave it out"
        else:
            message = f"has no effect: {name} takes no `{group}`, it makes its own; leave it out"
        choice = job.choices.get(group)
        yield Problem(group, message, choice if f"{group}={choice}" in job.overrides else None)
    if has_own_loaders(find_target(str(cfg.model._target_))) and not _is_named(job, "data"):
        message = f"is not named, and {name} has loaders of its own; type `data=module` for these"
        yield Problem("data", message)
    if _is_named(job, "task"):
        yield Problem("task", f"has no effect: {name} is the task itself; leave it out")
    if cfg.get("metrics"):
        yield Problem("metrics", f"has no effect: {name} logs its own metrics; leave it out")
    if cfg.params is not None:
        message = f"is for networks, whose width Leyden solves; {name} is a LightningModule"
        yield Problem("params", message, f"{cfg.params:g}")
    if cfg.compile:
        message = f"is for networks; call torch.compile in the constructor of {name}"
        yield Problem("compile", message, str(cfg.compile))


def adapted(job: "Job") -> DictConfig:
    """The config of a job without what does not act on the user's own model or data.

    For a LightningModule, Lightning's defaults take the place of the catalogue's where those would
    change the training, unless the request names the key.
    """
    cfg = job.cfg
    if is_module_run(cfg):
        cfg = cfg.copy()
        with open_dict(cfg):
            for group in OF_LEYDENS_TASKS:
                if group == "task" or not _is_wanted(job, group):
                    cfg[group] = None
        _set_unnamed(job, cfg, LIGHTNINGS_DEFAULTS)
    if not has_leyden_data(cfg):
        cfg = cfg.copy()
        _set_unnamed(job, cfg, OF_LEYDEN_DATA)
    if cfg.get("metrics") and is_user_target(str((cfg.task or {}).get("_target_", ""))):
        cfg = cfg.copy()
        _set_unnamed(job, cfg, OF_OWN_TASKS)
    return cfg


def _is_wanted(job: "Job", group: str) -> bool:
    """Whether a LightningModule is given what a group names.

    A parameter with a default has it, unless the request names the group.
    """
    if not is_passed(job.cfg, group):
        return False
    parameter = parameters_of(find_target(str(job.cfg.model._target_)))[group]
    return parameter.required or _is_named(job, group)


def _set_unnamed(job: "Job", cfg: DictConfig, values: Mapping[str, Any]) -> None:
    """Sets keys of `trainer` that the request does not name."""
    for key, value in values.items():
        if cfg.trainer[key] != value and _is_of_catalogue(job, f"trainer.{key}"):
            cfg.trainer[key] = value


def _is_of_catalogue(job: "Job", key: str) -> bool:
    """Whether a key has its value from the catalogue; a frozen config has its own."""
    origin = job.origins.of(key) if job.origins else "config.yaml"
    return origin is not None and origin.startswith("conf/")


def _is_named(job: "Job", group: str) -> bool:
    """Whether a request chooses an option of a group, or sets one of its keys."""
    if any(text.partition("=")[0].split(".")[0] == group for text in job.overrides):
        return True
    node = job.cfg.get(group)
    if node is None:
        return False
    return bool(OmegaConf.to_container(node) != _of_catalogue(group))


@cache
def _of_catalogue(group: str) -> Any:
    """What a group is where nobody names it."""
    root = read_yaml(CONF / "config.yaml")
    if group in root:
        return root[group]
    option = next(entry[group] for entry in root["defaults"] if group in entry)
    return read_yaml(CONF / group / f"{option}.yaml")
