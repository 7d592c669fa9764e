"""Parameters that are not trained, or not from the first step on."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn
from torch.optim import Optimizer

from leyden.optim.patterns import matches
from leyden.tasks import Task
from leyden.tasks.step_count import steps_done


def freeze(net: nn.Module, patterns: Mapping[str, int | None]) -> None:
    """Takes the parameters that are never trained out of the gradient's computation.

    Args:
        net: Network, or the user's LightningModule.
        patterns: See `Freezing`; those with a step are left alone.
    """
    for name, parameter in net.named_parameters():
        if any(step is None and matches(one, name) for one, step in patterns.items()):
            parameter.requires_grad_(False)


class Freezing(Callback):
    """Keeps parameters as they are, until a step or for the whole run.

    What is frozen follows from the number of steps alone, so a resumed run freezes what the
    undisturbed one does. The optimizer has all parameters that are ever trained from the beginning,
    and passes over those without a gradient.

    Batch norms that are frozen normalise with their running statistics, and keep them.

    Args:
        patterns: By pattern, the optimizer step before which the parameters it names are trained
            for the first time, counted from 0; None: they never are.
    """

    def __init__(self, patterns: Mapping[str, int | None]) -> None:
        self.patterns = dict(patterns)
        self.frozen: set[str] = set()
        """The patterns that hold in this step."""
        self.parameters: list[nn.Parameter] = []
        """Those that wait for their step."""
        self.norms: list[nn.Module] = []

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        done = steps_done(trainer)
        frozen = {one for one, step in self.patterns.items() if step is None or done < step}
        if frozen != self.frozen:
            self._freeze(task.net if isinstance(task, Task) else task, frozen, trainer)
        for norm in self.norms:
            norm.eval()

    def _freeze(self, net: nn.Module, frozen: set[str], trainer: Trainer) -> None:
        waiting = {one for one in frozen if self.patterns[one] is not None}
        self.parameters = []
        for name, parameter in net.named_parameters():
            if not any(matches(one, name) for one in self.patterns if self.patterns[one]):
                continue
            is_waiting = any(matches(one, name) for one in waiting)
            # Processes agree at the start on whose gradients they add up.
            if trainer.world_size == 1:
                parameter.requires_grad_(not is_waiting)
            if is_waiting:
                self.parameters.append(parameter)
        for norm in self.norms:
            norm.train(net.training)
        self.norms = [
            module
            for name, module in net.named_modules()
            if getattr(module, "running_mean", None) is not None
            and any(matches(one, name) for one in frozen)
        ]
        self.frozen = frozen

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        for parameter in self.parameters:
            parameter.grad = None
