"""Logistic regression, fitted by L-BFGS on large batches."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.functional import accuracy


class LogisticRegression(pl.LightningModule):
    """Multinomial, with an L2 penalty."""

    def __init__(
        self,
        input_dim: int = 20,
        num_classes: int = 3,
        bias: bool = True,
        learning_rate: float = 0.3,
        max_iter: int = 2,
        l2_strength: float = 1e-3,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.linear = nn.Linear(input_dim, num_classes, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        loss = loss + self.hparams.l2_strength * self.linear.weight.pow(2).sum()
        self.log("train_ce_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        self.log("val_loss", F.cross_entropy(logits, y), prog_bar=True)
        acc = accuracy(logits, y, task="multiclass", num_classes=self.hparams.num_classes)
        self.log("val_acc", acc, prog_bar=True)

    def test_step(self, batch, batch_idx):
        x, y = batch
        logits = self(x)
        acc = accuracy(logits, y, task="multiclass", num_classes=self.hparams.num_classes)
        self.log_dict({"test_ce_loss": F.cross_entropy(logits, y), "test_acc": acc})

    def configure_optimizers(self):
        return torch.optim.LBFGS(
            self.parameters(),
            lr=self.hparams.learning_rate,
            max_iter=self.hparams.max_iter,
            history_size=10,
        )


class GaussianClasses(pl.LightningDataModule):
    name = "gaussian-classes"

    def __init__(self, num_train: int = 2048, num_val: int = 512, batch_size: int = 512):
        super().__init__()
        self.num_train = num_train
        self.num_val = num_val
        self.batch_size = batch_size

    def _sample(self, n: int, seed: int) -> TensorDataset:
        means = torch.randn(3, 20, generator=torch.Generator().manual_seed(0))
        g = torch.Generator().manual_seed(seed)
        y = torch.randint(3, (n,), generator=g)
        return TensorDataset(means[y] + 2.5 * torch.randn(n, 20, generator=g), y)

    def setup(self, stage: str | None = None) -> None:
        if stage in ("fit", None):
            self.train = self._sample(self.num_train, seed=1)
        if stage in ("fit", "validate", None):
            self.val = self._sample(self.num_val, seed=2)
        if stage in ("test", None):
            self.test = self._sample(self.num_val, seed=3)

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test, batch_size=self.batch_size)
