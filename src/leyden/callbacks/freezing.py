"""Parameters that are not trained, or not from the first step on."""

from collections.abc import Mapping
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn
from torch.optim import Optimizer

from leyden.optim.patterns import matches, matching_parameters
from leyden.tasks import Task
from leyden.tasks.step_count import steps_done


def freeze(net: nn.Module, patterns: Mapping[str, int | None]) -> None:
    """Sets `requires_grad` to False for the parameters that are frozen for the whole run.

    Args:
        net: Network, or the user's LightningModule.
        patterns: See `Freezing`; those with a number of steps are left alone.
    """
    for pattern, steps in patterns.items():
        if steps is None:
            for parameter in matching_parameters(net, pattern).values():
                parameter.requires_grad_(False)


class Freezing(Callback):
    """Freezes parameters for the first steps of a run, or for all of them.

    What is frozen depends on the number of steps alone, so a resumed run freezes what the
    uninterrupted one does. The optimizer holds all parameters that are ever trained from the start;
    it skips those without a gradient.

    Frozen batch norms run in eval mode: they use their running statistics and do not update them.

    Args:
        patterns: By pattern, the number of optimizer steps during which its parameters are frozen;
            None: all steps.
    """

    def __init__(self, patterns: Mapping[str, int | None]) -> None:
        self.patterns = dict(patterns)
        self.frozen: set[str] = set()
        """The patterns that hold in this step."""
        self.parameters: list[nn.Parameter] = []
        """Those that are frozen now and trained later."""
        self.norms: list[nn.Module] = []

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        done = steps_done(trainer)
        frozen = {one for one, steps in self.patterns.items() if steps is None or done < steps}
        if frozen != self.frozen:
            self._freeze(task.net if isinstance(task, Task) else task, frozen, trainer)
        for norm in self.norms:
            norm.eval()

    def _freeze(self, net: nn.Module, frozen: set[str], trainer: Trainer) -> None:
        self.parameters = []
        for pattern in (one for one, steps in self.patterns.items() if steps is not None):
            parameters = list(matching_parameters(net, pattern).values())
            if pattern in frozen:
                self.parameters += parameters
            if trainer.world_size == 1:  # DDP fixes at its start which gradients it reduces
                for parameter in parameters:
                    parameter.requires_grad_(pattern not in frozen)
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
