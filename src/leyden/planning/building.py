"""Building of a run's parts, each from its node of the config: data set, network, task.

Networks whose parameters get their shapes from the first sample, such as `torch.nn.LazyLinear`, are
given one when they are built: what follows counts parameters, or keeps or loads them.
"""

import warnings
from typing import Any, cast

import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn
from torch.nn.parameter import is_lazy

from leyden.compat.onednn import use_onednn
from leyden.config.schema import DataKeys
from leyden.config.signature import fields_of, parameters_of
from leyden.config.targets import find_target, make, misplaced_object
from leyden.data import DataModule, Spec
from leyden.errors import ConfigError, Problem
from leyden.tasks import Task, task_of


def blank_sample(spec: Spec) -> torch.Tensor:
    """A batch of one sample, of zeros."""
    dtype = torch.long if spec.kind == "text" else torch.float32
    return torch.zeros(1, *spec.input_shape, dtype=dtype)


def has_lazy_parameters(net: nn.Module) -> bool:
    """Whether a parameter or buffer has no shape yet."""
    return any(map(is_lazy, (*net.parameters(), *net.buffers())))


def materialize(net: nn.Module, spec: Spec) -> None:
    """Gives lazy parameters their shapes, by a sample of zeros; other networks are left alone.

    Raises:
        ConfigError: Some have none after it.
    """
    if not has_lazy_parameters(net):
        return
    was_training = net.training
    with torch.no_grad():
        net.eval()(blank_sample(spec))  # batch norm can't train on one sample
    net.train(was_training)
    if has_lazy_parameters(net):
        message = "has lazy parameters that its forward pass does not use"
        raise ConfigError([Problem("model", message)])


def build_data(cfg: DictConfig) -> DataModule:
    """The data set, with what the root and the trainer say of it.

    Raises:
        ConfigError: Its target makes something else.
    """
    own = {key: value for key, value in cfg.data.items() if key not in fields_of(DataKeys)}
    data = make(
        OmegaConf.create(own),
        seed=cfg.seed,
        overfit_samples=cfg.trainer.overfit_samples,
        allow_synthetic=cfg.trainer.allow_synthetic,
        mixup=cfg.task.mixup,
    )
    wrong = misplaced_object("data", data)
    if wrong:
        raise ConfigError([Problem("data", wrong)])
    return cast(DataModule, data)


def build_net(cfg: DictConfig, spec: Spec) -> nn.Module:
    """The network, built to the data's spec as far as it asks for it.

    Raises:
        ConfigError: Its target makes something else.
    """
    offered: dict[str, Any] = {"input_shape": spec.input_shape, "num_outputs": spec.num_outputs}
    if spec.kind == "text":
        offered |= {"vocab_size": spec.num_outputs, "context": spec.input_shape[0]}
        offered |= {"separator": spec.separator}
    wanted = parameters_of(find_target(cfg.model._target_))
    given = {name: value for name, value in offered.items() if name in wanted}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules are a new feature")
        net = make(cfg.model, **{**given, **_said(cfg.model, given)})
    wrong = misplaced_object("model", net)
    if wrong:
        raise ConfigError([Problem("model", wrong)])
    materialize(net, spec)
    use_onednn(net)
    return cast(nn.Module, net)


def _said(node: DictConfig, names: dict[str, Any]) -> dict[str, Any]:
    return {name: node[name] for name in names if name in node}


def build_task(cfg: DictConfig, net: nn.Module, spec: Spec) -> Task:
    """The task of the data's kind, with the optimizer and schedule that it will make."""
    if cfg.trainer.precision == "64-true":
        # Lightning converts it after it has read a checkpoint, whose digits would be lost by then.
        net.double()
    task = task_of(spec)
    keys = {key: value for key, value in cfg.task.items() if key in parameters_of(task)}
    return task(net, spec=spec, optimizer=make(cfg.optimizer), schedule=make(cfg.scheduler), **keys)
