"""The optimizer and the schedule that a config names, to be made by a LightningModule."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import signature
from math import isfinite
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from leyden.optim.rates import split_by_rate


class OptimizerFactory:
    """Makes the config's optimizer for a network, or for parameters.

    Leyden's optimizers are functions of a network, torch's classes of parameters. A factory of
    either is called as `factory(net)`, `factory(params)` or `factory(params=...)`.

    Args:
        make: Makes the optimizer; its first parameter is `net` or `params`.
        rates: Gives the factor of the learning rate of each parameter of a network, by name; None:
            all have the optimizer's.

    Attributes:
        module: LightningModule that the parameters are of: by its layers some optimizers tell
            hidden matrices from others.
    """

    def __init__(
        self,
        make: Callable[..., Optimizer],
        rates: Callable[[nn.Module], Mapping[str, float]] | None = None,
    ) -> None:
        self.make = make
        self.rates = rates
        self.module: LightningModule | None = None
        self.takes_net = "params" not in signature(make).parameters

    def __call__(self, params: nn.Module | Iterable[Tensor]) -> Optimizer:
        optimizer = self._made(params)
        net = params if isinstance(params, nn.Module) else self.module
        if self.rates is not None and net is not None:
            factors = self.rates(net)
            of_parameters = {id(one): factors[name] for name, one in net.named_parameters()}
            split_by_rate(optimizer, of_parameters)
        return optimizer

    def _made(self, params: nn.Module | Iterable[Tensor]) -> Optimizer:
        if not self.takes_net:
            return self.make(params.parameters() if isinstance(params, nn.Module) else params)
        if isinstance(params, nn.Module):
            return self.make(params)
        chosen = list(params)
        if not all(isinstance(one, Tensor) for one in chosen):
            raise TypeError(
                "the optimizer of the group `optimizer` makes its own parameter groups; give it"
                " parameters, or name a class of torch.optim"
            )
        return self.make(ChosenParameters(chosen, self.module))


class ScheduleFactory:
    """Makes the config's schedule of an optimizer.

    Args:
        make: Makes the schedule of an optimizer; Leyden's take the number of steps too.

    Attributes:
        module: LightningModule whose trainer knows the number of steps.
    """

    def __init__(self, make: Callable[..., LRScheduler]) -> None:
        self.make = make
        self.module: LightningModule | None = None
        is_given = "total_steps" in getattr(make, "keywords", {})
        self.takes_steps = "total_steps" in signature(make).parameters and not is_given

    def __call__(self, optimizer: Optimizer, total_steps: int | None = None) -> LRScheduler:
        if total_steps is None and self.module is not None:
            planned = self.module.trainer.estimated_stepping_batches
            total_steps = int(planned) if isfinite(planned) else 1  # a time decides
        steps = {"total_steps": total_steps} if self.takes_steps else {}
        schedule = self.make(optimizer, **steps)
        if self.module is not None:
            vars(schedule)["counts_steps"] = True  # for `ModuleReport`
        return schedule


class ChosenParameters(nn.Module):
    """Some parameters of a module, as a network with the names of the module's layers.

    Args:
        chosen: Parameters that are to be optimized.
        module: Module that they are of; None: nothing is known of their layers.
    """

    def __init__(self, chosen: list[Tensor], module: LightningModule | None) -> None:
        super().__init__()
        self._chosen = chosen
        self._of = [module] if module is not None else []  # in a list: not as a layer of this one

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        return iter(self._chosen)

    def named_modules(self, *args: Any, **kwargs: Any) -> Iterator[tuple[str, nn.Module]]:
        """Layers by their names in the module, and in each of its networks."""
        for module in self._of:
            for part in (module, *module.children()):
                yield from part.named_modules()
