"""A spiral classifier with batch norm, to be trained with stochastic weight averaging."""

import math

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.functional.classification import multiclass_accuracy


class SpiralNet(nn.Module):
    def __init__(self, hidden: int = 64, classes: int = 3):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden, bias=False),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Linear(hidden, classes),
        )

    def forward(self, x):
        return self.layers(x)


class LitSpiral(pl.LightningModule):
    def __init__(self, net: nn.Module, lr: float = 0.1, momentum: float = 0.9):
        super().__init__()
        self.save_hyperparameters(ignore=["net"])
        self.net = net
        self.loss_fn = nn.CrossEntropyLoss(label_smoothing=0.02)

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = self.loss_fn(self(x), y)
        self.log("train_loss", loss)
        return loss

    def evaluate(self, batch, stage: str):
        x, y = batch
        logits = self(x)
        self.log(f"{stage}_loss", self.loss_fn(logits, y), prog_bar=True)
        self.log(f"{stage}_acc", multiclass_accuracy(logits, y, num_classes=3), prog_bar=True)

    def validation_step(self, batch, batch_idx):
        self.evaluate(batch, "val")

    def test_step(self, batch, batch_idx):
        self.evaluate(batch, "test")

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(
            self.parameters(),
            lr=self.hparams.lr,
            momentum=self.hparams.momentum,
            weight_decay=5e-4,
            nesterov=True,
        )
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
        return [optimizer], [{"scheduler": scheduler, "interval": "epoch"}]


class Spirals(pl.LightningDataModule):
    def __init__(self, n: int = 1536, noise: float = 0.08, batch_size: int = 32):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(11)
        total = 2 * self.hparams.n
        r = torch.rand(total, generator=g).sqrt()
        y = torch.randint(3, (total,), generator=g)
        angle = 4 * r + 2 * math.pi * y / 3 + self.hparams.noise * torch.randn(total, generator=g)
        x = r[:, None] * torch.stack([angle.cos(), angle.sin()], dim=1)
        splits = zip(
            torch.split(x, self.hparams.n // 2), torch.split(y, self.hparams.n // 2), strict=True
        )
        a, b, val, test = (TensorDataset(*s) for s in splits)
        self.train, self.val, self.test = torch.utils.data.ConcatDataset([a, b]), val, test

    def train_dataloader(self):
        return DataLoader(self.train, self.hparams.batch_size, shuffle=True, drop_last=True)

    def val_dataloader(self):
        return DataLoader(self.val, self.hparams.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test, self.hparams.batch_size)
