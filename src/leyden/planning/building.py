"""Building of a run's parts, each from its node of the config: data set, network, task, module.

Networks whose parameters get their shapes from the first sample, such as `torch.nn.LazyLinear`, are
given one when they are built: what follows counts parameters, or keeps or loads them.
"""

import inspect
import warnings
from functools import partial
from typing import Any, cast

import torch
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning import LightningDataModule, LightningModule
from torch import nn
from torch.nn.parameter import is_lazy

from leyden.callbacks.freezing import freeze
from leyden.compat.onednn import use_onednn
from leyden.config.instantiate import make, with_made
from leyden.config.module_run import is_module_run
from leyden.config.schema import DataKeys
from leyden.config.signature import fields_of, parameters_of, takes_any_key
from leyden.config.targets import find_target, is_function, makes_leyden_data, misplaced_object
from leyden.data import DataError, DataModule, Spec, TorchDatasets
from leyden.data.torch_datasets import PARTS, as_data_module
from leyden.errors import ConfigError, Problem
from leyden.optim.rates import rate_factors
from leyden.planning.finetuning import frozen_until, rate_keys
from leyden.planning.tasks import build_metrics, task_class
from leyden.privacy.dp_sgd import PrivateOptimizer
from leyden.tasks import Task
from leyden.tasks.factories import OptimizerFactory, ScheduleFactory
from leyden.tasks.task import MakeOptimizer


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


def build_data(cfg: DictConfig) -> LightningDataModule:
    """The data set; Leyden's own with what the root and the trainer say of it.

    Raises:
        ConfigError: Its target makes something else.
    """
    path = str(cfg.data._target_)
    target = find_target(path)
    is_leydens = makes_leyden_data(path)
    not_its_own = fields_of(DataKeys) if is_leydens else {}
    node = {key: value for key, value in cfg.data.items() if key not in not_its_own}
    options = _loader_options(node, target)
    made = make(OmegaConf.create(node), **_supplied_to_data(cfg, target, is_leydens=is_leydens))
    if isinstance(made, DataModule) and not is_leydens:
        name = target.__name__
        message = f"{name} makes a leyden.data.DataModule; say so: `def {name}(...) -> DataModule`"
        raise ConfigError([Problem("data", message)])
    if isinstance(made, LightningDataModule):
        if options:
            key, value = next(iter(options.items()))
            raise ConfigError([Problem(f"data.{key}", "no such key", str(value))])
        return made
    try:
        return as_data_module(made, options)
    except DataError as error:
        raise ConfigError([Problem("data", str(error))]) from error


def _supplied_to_data(cfg: DictConfig, target: Any, *, is_leydens: bool) -> dict[str, Any]:
    """Parameters of Leyden's data sets that other groups say; a function may take some of them."""
    supplied = {
        "seed": cfg.seed,
        "overfit_samples": cfg.trainer.overfit_samples,
        "allow_synthetic": cfg.trainer.allow_synthetic,
        "mixup": (cfg.task or {}).get("mixup", 0.0),
    }
    if cfg.get("privacy") is not None:
        supplied["poisson"] = True
    if is_leydens or (is_function(target) and takes_any_key(target)):
        return supplied
    taken = parameters_of(target) if is_function(target) else {}
    return {key: value for key, value in supplied.items() if key in taken and key not in cfg.data}


def _loader_options(node: dict[Any, Any], target: Any) -> dict[str, Any]:
    """Takes what is meant for `TorchDatasets` out of a node whose target makes plain datasets."""
    if inspect.isclass(target) and issubclass(target, LightningDataModule):
        return {}
    names = parameters_of(TorchDatasets).keys() - {*PARTS, *parameters_of(target)}
    taken = {key: node.pop(key) for key in names & node.keys()}
    plain = OmegaConf.to_container(OmegaConf.create(taken), resolve=True)
    return cast(dict[str, Any], with_made(plain))


def build_module(cfg: DictConfig, spec: Spec | None) -> LightningModule:
    """What is trained: the LightningModule that the config names, or a task around its network.

    Raises:
        ConfigError: The target makes something else, or the network has no data to be built to.
    """
    if not is_module_run(cfg):
        known = require_spec(cfg, spec)
        return build_task(cfg, build_net(cfg, known), known)
    taken = parameters_of(find_target(str(cfg.model._target_)))
    offered = {**_offered(spec), **_offered_factories(cfg)}
    given = {
        name: value for name, value in offered.items() if name in taken and name not in cfg.model
    }
    module = make(cfg.model, **given)
    if cfg.trainer.precision == "64-true":
        module.double()  # see `build_task`
    for factory in given.values():
        if isinstance(factory, OptimizerFactory | ScheduleFactory):
            factory.module = module
    freeze(module, frozen_until(cfg))
    return cast(LightningModule, module)


def require_spec(cfg: DictConfig, spec: Spec | None) -> Spec:
    """The spec of the data, to which networks are built.

    Raises:
        ConfigError: The data has none.
    """
    if spec is None:
        name = str(cfg.data._target_).rpartition(".")[2]
        target = find_target(str(cfg.data._target_))
        instead = f"give {name} an attribute `spec`, a leyden.data.Spec"
        message = (
            f"{name} does not say what a sample is, and a network is built to that; name a"
            f" LightningModule as the model, or {getattr(target, 'says_spec_by', instead)}"
        )
        raise ConfigError([Problem("data", message)])
    return spec


def _offered(spec: Spec | None) -> dict[str, Any]:
    """What follows from the data for a model's constructor."""
    if spec is None:
        return {}
    offered: dict[str, Any] = {"input_shape": spec.input_shape, "num_outputs": spec.num_outputs}
    if spec.kind == "text":
        offered |= {"vocab_size": spec.vocab_size, "context": spec.input_shape[0]}
        offered |= {"separator": spec.separator}
        offered |= {} if spec.padding is None else {"pad_token": spec.padding}
    return offered


def _offered_factories(cfg: DictConfig) -> dict[str, Any]:
    offered: dict[str, Any] = {}
    if cfg.optimizer is not None:
        offered["optimizer"] = optimizer_factory(cfg)
    if cfg.scheduler is not None:
        offered["scheduler"] = ScheduleFactory(make(cfg.scheduler))
    return offered


def optimizer_factory(cfg: DictConfig, **arguments: Any) -> OptimizerFactory:
    """Makes the optimizer of a config, with a learning rate of its own for each parameter.

    Args:
        cfg: Config of the run.
        arguments: Take the place of the config's.
    """
    of_rates = rate_keys(cfg)
    node = {key: value for key, value in cfg.optimizer.items() if key not in of_rates}
    given = {key: value for key, value in of_rates.items() if value is not None}
    factors = partial(rate_factors, **given) if given else None
    return OptimizerFactory(make(OmegaConf.create(node), **arguments), factors)


def build_net(cfg: DictConfig, spec: Spec) -> nn.Module:
    """The network, built to the data's spec as far as it asks for it.

    Raises:
        ConfigError: Its target makes something else.
    """
    wanted = parameters_of(find_target(cfg.model._target_))
    given = {name: value for name, value in _offered(spec).items() if name in wanted}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Lazy modules are a new feature")
        net = make(cfg.model, **{**given, **_said(cfg.model, given)})
    wrong = misplaced_object("model", net)
    if wrong is None and isinstance(net, LightningModule):
        name = find_target(cfg.model._target_).__name__
        wrong = f"{name} makes a LightningModule; say so: `def {name}(...) -> {type(net).__name__}`"
    if wrong:
        raise ConfigError([Problem("model", wrong)])
    materialize(net, spec)
    freeze(net, frozen_until(cfg))
    use_onednn(net)
    return cast(nn.Module, net)


def _said(node: DictConfig, names: dict[str, Any]) -> dict[str, Any]:
    return {name: node[name] for name in names if name in node}


def _optimizer_of(cfg: DictConfig) -> MakeOptimizer:
    """Makes the optimizer of a network; of a private training it steps on noisy gradients."""
    factory = optimizer_factory(cfg)
    if cfg.get("privacy") is None:
        return factory
    return PrivateOptimizer(
        factory,
        noise_multiplier=cfg.privacy.noise_multiplier,
        max_grad_norm=cfg.privacy.max_grad_norm,
        batch_size=cfg.data.batch_size,
    )


def build_task(cfg: DictConfig, net: nn.Module, spec: Spec) -> Task:
    """The task of the data's kind, with the optimizer and schedule that it will make."""
    if cfg.trainer.precision == "64-true":
        # Lightning converts it after it has read a checkpoint, whose digits would be lost by then.
        net.double()
    kind = task_class(cfg, spec)
    keys = {key: value for key, value in cfg.task.items() if key in parameters_of(kind)}
    target = cfg.task.get("_target_") or f"leyden.tasks.{kind.__name__}"
    task: Task = make(
        OmegaConf.create({**keys, "_target_": target}),
        net=net,
        spec=spec,
        optimizer=_optimizer_of(cfg),
        schedule=ScheduleFactory(make(cfg.scheduler)),
    )
    if cfg.get("metrics"):
        task.add_metrics(lambda: build_metrics(cfg, spec))
    return task
