"""The LightningModule: what a step is, what is logged, and by what it is optimized."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from leyden.types import Count, PositiveFloat, PositiveInt, Probability


class Net(LightningModule):
    """A classifier with hidden layers.

    Args:
        num_inputs: Numbers of one sample.
        num_classes: Number of classes.
        width: Units of a hidden layer.
        depth: Number of hidden layers.
        dropout: Probability that a hidden unit is dropped.
        lr: Learning rate.
    """

    def __init__(
        self,
        *,
        num_inputs: PositiveInt = 2,
        num_classes: PositiveInt = 2,
        width: PositiveInt = 64,
        depth: Count = 2,
        dropout: Probability = 0.0,
        lr: PositiveFloat = 3e-3,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        sizes = [num_inputs, *[width] * depth]
        layers: list[nn.Module] = []
        for fan_in, fan_out in pairwise(sizes):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(sizes[-1], num_classes))
        self.lr = lr

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.layers(x)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        """The loss of a batch."""
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs `val/loss`, by which the best checkpoint is chosen, and `val/acc`."""
        self.measure(batch, "val")

    def test_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        """Logs `test/loss` and `test/acc`."""
        self.measure(batch, "test")

    def measure(self, batch: tuple[Tensor, Tensor], part: str) -> None:
        """Logs loss and accuracy."""
        x, y = batch
        logits = self(x)
        self.log(f"{part}/loss", F.cross_entropy(logits, y))
        self.log(f"{part}/acc", (logits.argmax(dim=1) == y).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW on all parameters."""
        return torch.optim.AdamW(self.parameters(), lr=self.lr)
