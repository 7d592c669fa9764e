"""Weights that differ between training and evaluation: running means, schedule-free optimizers."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch import Tensor
from torch.optim import Optimizer

from leyden.types import Probability


def weight_averaging(*, decay: Probability | None = None) -> WeightAveraging | None:
    """Lightning's average of weights and running statistics, here an exponential one; or none.

    The mean is what is validated, saved and tested; the weights themselves go on being trained.

    Args:
        decay: Share of the mean that is kept at each step, such as 0.999, which remembers about
            1,000 steps. It rises to that value, so that the first weights are forgotten in short
            runs too: at step n it is at most (1 + n) / (10 + n), as in TensorFlow's
            `ExponentialMovingAverage`. None keeps no mean.
    """
    if decay is None:
        return None

    def mean(kept: Tensor, new: Tensor, num_updates: Tensor | int) -> Tensor:
        share = min(decay, (1 + int(num_updates)) / (10 + int(num_updates)))
        return kept.lerp(new, 1 - share) if kept.is_floating_point() else new

    return WeightAveraging(avg_fn=mean)


class ScheduleFreeMode(Callback):
    """Switches schedule-free optimizers to train mode for each step, then back to eval mode.

    So whoever validates or saves between two steps sees the mean of points, which is the model.
    """

    def on_train_batch_start(
        self, trainer: Trainer, task: LightningModule, batch: Any, batch_index: int
    ) -> None:
        switch(trainer.optimizers, training=True)

    def on_train_batch_end(
        self, trainer: Trainer, task: LightningModule, outputs: Any, batch: Any, batch_index: int
    ) -> None:
        switch(trainer.optimizers, training=False)


def switch(optimizers: list[Optimizer], *, training: bool) -> None:
    """Switches those optimizers that have two points."""
    for optimizer in optimizers:
        change = getattr(optimizer, "train" if training else "eval", None)
        if change is not None:
            change()
