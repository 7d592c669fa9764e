"""Logs the size of the gradient."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from leyden.loops import log_value
from leyden.loops.log_step import is_log_step
from leyden.parallel import whole
from leyden.tasks.losses import widened


class GradientNorm(Callback):
    """Logs `grad_norm`: the 2-norm of all gradients together, before clipping."""

    only_log_steps = True

    def on_before_optimizer_step(
        self, trainer: Trainer, task: LightningModule, optimizer: Optimizer
    ) -> None:
        if is_log_step(trainer, trainer.global_step + 1):
            groups = optimizer.param_groups
            gradients = [p.grad for group in groups for p in group["params"] if p.grad is not None]
            log_value(trainer, "grad_norm", whole(get_total_norm(map(widened, gradients))))
