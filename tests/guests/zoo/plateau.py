"""Regression whose learning rate falls on a plateau, looked for every so many steps."""

import pytorch_lightning as pl
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset


class PlateauRegressor(pl.LightningModule):
    def __init__(
        self,
        scheduler: str = "plateau",
        learning_rate: float = 0.05,
        frequency: int = 5,
        patience: int = 1,
        factor: float = 0.5,
        milestones=(1, 3),
    ):
        super().__init__()
        self.save_hyperparameters()
        self.model = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
        self.criterion = nn.HuberLoss()

    def forward(self, x):
        return self.model(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = self.criterion(self(x), y)
        self.log("train/loss", loss, on_step=True, on_epoch=False, prog_bar=True)
        self.log("lr", self.optimizers().param_groups[0]["lr"], prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        loss = self.criterion(self(x), y)
        self.log("val/loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self):
        hp = self.hparams
        optimizer = optim.SGD(self.parameters(), lr=hp.learning_rate, momentum=0.9)
        if hp.scheduler == "plateau":
            scheduler = {
                "scheduler": optim.lr_scheduler.ReduceLROnPlateau(
                    optimizer, mode="min", factor=hp.factor, patience=hp.patience, min_lr=1e-5
                ),
                "monitor": "train/loss",
                "interval": "step",
                "frequency": hp.frequency,
                "strict": True,
                "name": "plateau",
            }
        elif hp.scheduler == "multistep":
            scheduler = {
                "scheduler": optim.lr_scheduler.MultiStepLR(
                    optimizer, milestones=list(hp.milestones), gamma=hp.factor
                ),
                "interval": "epoch",
            }
        else:
            raise ValueError(f"Unknown scheduler: {hp.scheduler}")
        return [optimizer], [scheduler]


class SurfaceDataModule(pl.LightningDataModule):
    def __init__(self, train_size: int = 1280, val_size: int = 256, batch_size: int = 32):
        super().__init__()
        self.save_hyperparameters()

    @staticmethod
    def surface(n: int, generator: torch.Generator) -> TensorDataset:
        x = 2 * torch.rand(n, 3, generator=generator) - 1
        y = (3 * x[:, 0]).sin() + x[:, 1] ** 2 - x[:, 2] * x[:, 0]
        return TensorDataset(x, y + 0.05 * torch.randn(n, generator=generator))

    def setup(self, stage=None):
        generator = torch.Generator().manual_seed(99)
        self.train = self.surface(self.hparams.train_size, generator)
        self.val = self.surface(self.hparams.val_size, generator)

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.hparams.batch_size)
