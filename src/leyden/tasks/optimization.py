"""The optimizer and schedule of a task, as Lightning wants them."""

from collections.abc import Callable

from pytorch_lightning import LightningModule
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

MakeOptimizer = Callable[[nn.Module], Optimizer]
MakeSchedule = Callable[[Optimizer, int], LRScheduler]


def optimization(
    task: LightningModule, net: nn.Module, optimizer: MakeOptimizer, schedule: MakeSchedule
) -> OptimizerLRScheduler:
    """Makes the optimizer over `net`, and its schedule over the trainer's planned steps."""
    made = optimizer(net)
    total_steps = int(task.trainer.estimated_stepping_batches)
    return {
        "optimizer": made,
        "lr_scheduler": {"scheduler": schedule(made, total_steps), "interval": "step"},
    }
