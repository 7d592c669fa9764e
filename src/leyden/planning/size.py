"""How big a model is: parameters, floating-point operations, and the width for a wanted size.

All on the meta device, where a model of any size costs no memory.
"""

import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

import torch
from omegaconf import DictConfig
from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.model_helpers import is_overridden
from pytorch_lightning.utilities.seed import isolate_rng
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from leyden.config.module_run import is_module_run
from leyden.config.user_code import in_a_line, message_of, place_of
from leyden.data import Spec
from leyden.errors import ConfigError, Problem
from leyden.models.parameter_count import count_parameters
from leyden.planning.building import blank_sample, build_module, build_net, require_spec
from leyden.tasks import Task

Measure = TypeVar("Measure", int, int | None)

WIDEST = 2**17
NEIGHBOURS = 512
"""Widths that are tried until one can be built: many networks ask for multiples of some number."""
FAR = 0.25
"""What a width may miss a wanted size by. Small convolutional networks grow by a seventh from one
width to the next, so that all families can be swept over the same sizes."""


def meta_net(cfg: DictConfig, spec: Spec) -> nn.Module:
    """The config's network without memory.

    One whose constructor needs values, which the meta device does not have, is built on the CPU and
    then moved.

    Raises:
        ConfigError: Its constructor refuses the arguments, or makes no network.
    """
    try:
        return _built_on_meta(cfg, spec)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        if not _needs_values(error):
            raise _not_built(error) from error
    try:
        with isolate_rng():
            return build_net(cfg, spec).to("meta")
    except (Exception, SystemExit) as error:
        raise _not_built(error) from error


def meta_model(cfg: DictConfig, spec: Spec | None) -> nn.Module:
    """The config's network or LightningModule without memory; see `meta_net`."""
    if is_module_run(cfg):
        return meta_module(cfg, spec)
    return meta_net(cfg, require_spec(cfg, spec))


def makes_layers_late(model: nn.Module) -> bool:
    """Whether a LightningModule has layers only once a trainer calls its `configure_model`."""
    is_users = isinstance(model, LightningModule) and not isinstance(model, Task)
    return is_users and is_overridden("configure_model", model)


def meta_module(cfg: DictConfig, spec: Spec | None) -> LightningModule:
    """The config's LightningModule without memory, as `meta_net`.

    It has the layers of its `configure_model`, where that can be called without a trainer.

    Raises:
        ConfigError: Its constructor refuses the arguments.
    """
    with isolate_rng(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again when the run builds it
        try:
            with torch.device("meta"):
                module = build_module(cfg, spec)
                with suppress(Exception):
                    module.configure_model()
                return module
        except Exception:  # such as a constructor that computes with values, or saves them
            pass
        try:
            return build_module(cfg, spec).to("meta")
        except (Exception, SystemExit) as error:
            raise _not_built(error) from error


def _built_on_meta(cfg: DictConfig, spec: Spec) -> nn.Module:
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they come again when the run builds its network
        return build_net(cfg, spec)


def _needs_values(error: BaseException) -> bool:
    """Whether something failed since a tensor on the meta device has no values."""
    return isinstance(error, NotImplementedError) or "meta" in str(error)


def _not_built(error: BaseException) -> ConfigError:
    reason = in_a_line(error) if place_of(error) else message_of(error).partition("\n")[0]
    return ConfigError([Problem("model", f"can't be built for this data: {reason}")])


def flops_per_sample(net: nn.Module, spec: Spec) -> int | None:
    """Operations of a forward and a backward pass over one sample, counted by torch.

    Args:
        net: On the meta device.
        spec: What the data is.

    Returns:
        None where the network needs values, which the meta device does not have.

    Raises:
        ConfigError: It fails on a sample of the data, or its outputs are none that the data needs.
    """
    return along_time(lambda part: _counted(net, part), net, spec)


def along_time(
    measure: Callable[[Spec], Measure], net: nn.Module, spec: Spec, *, first: int = 2, last: int = 3
) -> Measure:
    """What `measure` gives for a spec.

    A recurrent network reads text token by token, and from some token on each costs the same. To go
    through all of them would take seconds, so it is measured on `first` tokens and on `last`.
    """
    context = spec.input_shape[0]
    if spec.kind != "text" or not hasattr(net, "forward_with_state") or context <= last:
        return measure(spec)
    less, more = (measure(replace(spec, input_shape=(length,))) for length in (first, last))
    if less is None or more is None:
        return None
    return less + (context - first) * (more - less) // (last - first)


def _counted(net: nn.Module, spec: Spec) -> int | None:
    if type(net).forward is nn.Module.forward:
        raise ConfigError([Problem("model", f"{type(net).__name__} defines no forward pass")])
    if any(parameter.is_complex() for parameter in net.parameters()):
        message = "has complex parameters, which are not supported; keep both parts as real numbers"
        raise ConfigError([Problem("model", message)])
    try:
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            outputs = net.eval()(blank_sample(spec))  # batch norm can't train on one sample
            wrong = _wrong_outputs(outputs, spec)
            if wrong is None:
                torch.autograd.backward(outputs.sum())
    except (Exception, SystemExit) as error:
        if _needs_values(error):
            return None
        shape = f"a sample of shape {spec.input_shape}"
        message = f"its forward pass fails on {shape}: {in_a_line(error)}"
        raise ConfigError([Problem("model", message)]) from error
    if wrong is not None:
        raise ConfigError([Problem("model", wrong)])
    return int(counter.get_total_flops())


def _wrong_outputs(outputs: Any, spec: Spec) -> str | None:
    """What is wrong with a network's outputs for one sample, or None if the task can take them."""
    is_of_tokens = spec.task_name == "language_modeling"
    leading = (1, *spec.input_shape[:1]) if is_of_tokens else (1,)
    is_tensor = isinstance(outputs, torch.Tensor)
    if not is_tensor or outputs.shape[:-1] != leading or not outputs.is_floating_point():
        given = f"an object of the class {type(outputs).__name__}"
        if is_tensor:
            given = f"{outputs.dtype} of shape {tuple(outputs.shape)}"
        return (
            f"its forward pass gives {given} for a sample;"
            f" it must give numbers of shape {(*leading, spec.num_outputs)} in one tensor"
        )
    num_outputs, needed = outputs.shape[-1], spec.num_outputs
    if num_outputs < needed or (num_outputs > needed and not is_of_tokens):
        return f"gives {num_outputs} outputs; the data needs {needed}"
    return None if outputs.requires_grad else "its outputs depend on no parameter that is trained"


def solve_width(cfg: DictConfig, spec: Spec) -> int:
    """The width whose parameter count is nearest to `cfg.params`.

    Raises:
        ConfigError: No width comes near it.
    """
    try:
        _ = _built_on_meta(cfg, spec)
    except (Exception, SystemExit) as error:
        if _needs_values(error):
            message = f"can't be solved for a model whose constructor computes: {in_a_line(error)}"
            raise ConfigError([Problem("params", message, f"{cfg.params:g}")]) from error
    wanted, sized = cfg.params, cfg.copy()
    counts: dict[int, int | None] = {}

    def count(width: int) -> int | None:
        if width not in counts:
            sized.model.width = width
            counts[width] = _count(sized, spec)
        return counts[width]

    def first_in(widths: range) -> int | None:
        return next((w for w in widths[:NEIGHBOURS] if count(w) is not None), None)

    low, high = 1, WIDEST
    while low < high:  # the least width, of those that the model can have, that is big enough
        middle = (low + high) // 2
        probe = first_in(range(middle, high + 1)) or high
        if (count(probe) or wanted) >= wanted:
            high = middle
        else:
            low = probe + 1
    near = [first_in(range(low, WIDEST)), first_in(range(low - 1, 0, -1))]
    sizes = {width: reached for width in near if width and (reached := counts[width]) is not None}
    if not sizes:
        _ = meta_net(cfg, spec)  # says what is wrong with the model
        message = "no width was found that the model can have; leave it out"
        raise ConfigError([Problem("params", message, f"{wanted:g}")])
    best, reached = min(sizes.items(), key=lambda pair: abs(pair[1] - wanted))
    if abs(reached - wanted) > FAR * wanted:
        message = f"no width comes near; the nearest is `params={reached}`, width {best}"
        raise ConfigError([Problem("params", message, f"{wanted:g}")])
    return best


def _count(cfg: DictConfig, spec: Spec) -> int | None:
    """None where there is no such network; never on the CPU: the widest would take all memory."""
    try:
        return count_parameters(_built_on_meta(cfg, spec)).total
    except (Exception, SystemExit):
        return None
