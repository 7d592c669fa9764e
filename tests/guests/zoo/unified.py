"""A classifier of sums, written for the unified `lightning` package."""

import lightning as L
import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.utilities import rank_zero_info
from torch.utils.data import DataLoader, TensorDataset, random_split


class GradNormCallback(Callback):
    """Logs the norm of all gradients before each step."""

    def on_before_optimizer_step(
        self, trainer: L.Trainer, pl_module: L.LightningModule, optimizer
    ) -> None:
        norms = [p.grad.norm() for p in pl_module.parameters() if p.grad is not None]
        pl_module.log("grad_norm", torch.stack(norms).norm())

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        rank_zero_info(f"{type(self).__name__}: {trainer.global_step} steps")


class DeepSets(nn.Module):
    def __init__(self, dim: int = 4, hidden: int = 32, num_classes: int = 3):
        super().__init__()
        self.phi = nn.Sequential(nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden))
        self.rho = nn.Sequential(nn.ReLU(), nn.Linear(hidden, num_classes))

    def forward(self, x):
        return self.rho(self.phi(x).mean(dim=1))


class LitDeepSets(L.LightningModule):
    def __init__(self, net: nn.Module, lr: float = 1e-2, weight_decay: float = 0.0):
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.net = net

    def forward(self, x):
        return self.net(x)

    def configure_callbacks(self):
        return [EarlyStopping(monitor="val_loss", patience=5)]

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def _evaluate(self, batch, stage):
        x, y = batch
        logits = self(x)
        self.log(f"{stage}_loss", F.cross_entropy(logits, y), prog_bar=True)
        self.log(f"{stage}_acc", (logits.argmax(dim=1) == y).float().mean(), prog_bar=True)

    def validation_step(self, batch, batch_idx):
        self._evaluate(batch, "val")

    def test_step(self, batch, batch_idx):
        self._evaluate(batch, "test")

    def predict_step(self, batch, batch_idx, dataloader_idx=0):
        return self(batch[0]).argmax(dim=1)

    def configure_optimizers(self):
        return torch.optim.AdamW(
            self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.weight_decay
        )


class SetsDataModule(L.LightningDataModule):
    def __init__(self, n: int = 2000, set_size: int = 8, batch_size: int = 32, seed: int = 42):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(self.hparams.seed)
        x = torch.randn(self.hparams.n, self.hparams.set_size, 4, generator=generator)
        score = x[..., 0].mul(x[..., 1]).add(x[..., 2]).mean(dim=1)
        y = torch.bucketize(score, torch.tensor([-0.2, 0.2]))
        self.train, self.val, self.test = random_split(
            TensorDataset(x, y), [0.8, 0.1, 0.1], generator=generator
        )

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.hparams.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test, batch_size=self.hparams.batch_size)

    def predict_dataloader(self):
        return self.test_dataloader()
