"""Objects of Python in the places that nodes of a config have."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from omegaconf import open_dict

from leyden.config.given import give
from leyden.config.job import Job
from leyden.config.nodes import SUPPLIED
from leyden.config.signature import parameters_of
from leyden.config.targets import misplaced_object
from leyden.errors import ConfigError, Problem

if TYPE_CHECKING:
    from pytorch_lightning import Callback, LightningDataModule
    from torch import nn


def give_objects(
    job: Job,
    *,
    model: "nn.Module | None",
    data: "LightningDataModule | None",
    callbacks: "Sequence[Callback]",
) -> None:
    """Puts objects into the config of a job.

    Args:
        job: Composed job; its config is changed.
        model: Instead of the node `model`; None: the config's.
        data: Instead of the node `data`; None: the config's.
        callbacks: Besides those of the config.

    Raises:
        ConfigError: An object is none of its kind or makes an override vain, or the run would have
            several processes, which don't have the objects.
    """
    if model is None and data is None and not callbacks:
        return
    cfg = job.cfg
    given = [("model", model), ("data", data), *(("callbacks", one) for one in callbacks)]
    for group, thing in given:
        if thing is not None and (wrong := misplaced_object(group, thing)):
            raise ConfigError([Problem(group, wrong)])
    if problems := list(overridden(job, {"model": model, "data": data})):
        raise ConfigError(problems)
    if cfg.trainer.devices > 1 or cfg.trainer.num_nodes > 1:
        message = "is for one process where objects are given: others do not have them"
        raise ConfigError([Problem("trainer.devices", message, str(cfg.trainer.devices))])
    if job.origins is not None:
        job.origins.objects |= {group for group, thing in given if thing is not None}
    with open_dict(cfg):
        if model is not None:
            cfg.model = {"_target_": give("model", model)}
            job.choices["model"] = type(model).__name__
        if data is not None:
            settings = settings_of(data)
            target = give("data", data, settings=settings)
            of_config = [name for name in settings if name not in SUPPLIED["data"]]
            cfg.data = {"_target_": target, **{name: getattr(data, name) for name in of_config}}
            job.choices["data"] = type(data).__name__
        for number, callback in enumerate(callbacks, start=1):
            cfg.callbacks[f"given_{number}"] = {"_target_": give("callback", callback)}


def overridden(job: Job, objects: Mapping[str, object | None]) -> Iterator[Problem]:
    """Overrides that an object leaves without effect."""
    for text in job.overrides:
        key, _, value = text.partition("=")
        group = key.lstrip("+~").partition(".")[0]
        if objects.get(group) is not None:
            message = f"has no effect: `{group}` was given as an object; leave it out"
            yield Problem(key, message, value)


def settings_of(data: "LightningDataModule") -> tuple[str, ...]:
    """Attributes of one of Leyden's data sets that a run sets; of others none."""
    from leyden.data import DataModule

    if not isinstance(data, DataModule):
        return ()
    return tuple(name for name in parameters_of(DataModule) if name != "self")
