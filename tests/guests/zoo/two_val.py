"""Regression that is validated on clean and on noisy inputs."""

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningDataModule, LightningModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class RobustRegressor(LightningModule):
    def __init__(self, in_features=8, hidden_sizes=(64, 64), dropout=0.05, lr=3e-3):
        super().__init__()
        self.save_hyperparameters()
        layers = []
        for width in hidden_sizes:
            layers += [nn.Linear(in_features, width), nn.SiLU(), nn.Dropout(dropout)]
            in_features = width
        self.net = nn.Sequential(*layers, nn.Linear(in_features, 1))

    def forward(self, x):
        return self.net(x).squeeze(-1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.mse_loss(self(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx, dataloader_idx=0):
        x, y = batch
        pred = self(x)
        # Lightning names them val_loss/dataloader_idx_0 and val_loss/dataloader_idx_1.
        self.log("val_loss", F.mse_loss(pred, y), prog_bar=True)
        self.log("val_mae", F.l1_loss(pred, y))

    def test_step(self, batch, batch_idx, dataloader_idx=0):
        x, y = batch
        name = ("clean", "noisy")[dataloader_idx]
        self.log(f"test_loss_{name}", F.mse_loss(self(x), y), add_dataloader_idx=False)

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.hparams.lr, weight_decay=1e-3)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=2)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "monitor": "val_loss/dataloader_idx_0"},
        }


class CleanAndNoisy(LightningDataModule):
    def __init__(self, num_train=2000, num_val=400, noise=0.5, batch_size=50, num_workers=0):
        super().__init__()
        self.save_hyperparameters()

    def prepare_data(self):
        # nothing to download
        pass

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(2024)
        n = self.hparams.num_train + self.hparams.num_val
        x = torch.randn(n, 8, generator=g)
        y = torch.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] - 0.3 * x[:, 3]
        noisy = x + self.hparams.noise * torch.randn(n, 8, generator=g)
        cut = self.hparams.num_train
        self.train_set = TensorDataset(x[:cut], y[:cut])
        self.val_sets = [TensorDataset(x[cut:], y[cut:]), TensorDataset(noisy[cut:], y[cut:])]

    def train_dataloader(self):
        return self._loader(self.train_set, shuffle=True)

    def val_dataloader(self):
        return [self._loader(dataset) for dataset in self.val_sets]

    def test_dataloader(self):
        return self.val_dataloader()

    def _loader(self, dataset, shuffle=False):
        return DataLoader(
            dataset,
            batch_size=self.hparams.batch_size,
            shuffle=shuffle,
            num_workers=self.hparams.num_workers,
        )
