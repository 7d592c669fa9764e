"""A regressor that logs from nearly every hook that may log."""

import time
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, LearningRateMonitor
from torch import nn
from torch.utils.data import DataLoader, Dataset


@dataclass
class Sample:
    """Inputs, targets, and the names of the rows, which stay on the host."""

    x: torch.Tensor
    y: torch.Tensor
    names: list[str]

    def __len__(self):
        return len(self.names)


class HookedRegressor(pl.LightningModule):
    def __init__(self, hidden: int = 32, lr: float = 1e-2, patience: int = 3):
        super().__init__()
        self.save_hyperparameters()
        self.example_input_array = torch.zeros(2, 4)
        self.net = nn.Sequential(nn.Linear(4, hidden), nn.Tanh(), nn.Linear(hidden, 1))
        self.residuals = []

    def configure_callbacks(self):
        callbacks = [EarlyStopping("val/loss", patience=self.hparams.patience, mode="min")]
        if self.trainer.loggers:
            callbacks.append(LearningRateMonitor(logging_interval="step"))
        return callbacks

    def transfer_batch_to_device(self, batch, device, dataloader_idx):
        if isinstance(batch, Sample):
            return Sample(batch.x.to(device), batch.y.to(device), batch.names)
        return super().transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch, dataloader_idx):
        if self.trainer.training:
            batch.x = batch.x + 0.01 * torch.randn_like(batch.x)
        return batch

    def forward(self, x):
        return self.net(x).squeeze(-1)

    def on_train_start(self):
        self.log("hook/train_start", 1.0)

    def on_train_epoch_start(self):
        self.epoch_started = time.monotonic()
        self.log("hook/epoch", float(self.current_epoch))

    def on_train_batch_start(self, batch, batch_idx):
        self.log("hook/batch_start", float(batch_idx), on_step=True, on_epoch=False)

    def training_step(self, batch, batch_idx):
        pred = self(batch.x)
        loss = nn.functional.mse_loss(pred, batch.y)
        size = len(batch)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True, batch_size=size)
        self.log_dict(
            {"train/min": pred.min(), "train/max": pred.max()},
            on_step=False,
            on_epoch=True,
            reduce_fx="max",
            batch_size=size,
        )
        return {"loss": loss, "extra": (pred - batch.y).detach()}

    def on_after_backward(self):
        self.log("grad/bias", self.net[-1].bias.grad.abs().mean())

    def on_before_optimizer_step(self, optimizer):
        norms = [p.grad.norm() for p in self.parameters() if p.grad is not None]
        self.log("grad/norm", torch.stack(norms).norm())

    def on_train_batch_end(self, outputs, batch, batch_idx):
        mae = outputs["extra"].abs().mean()
        self.residuals.append(mae)
        self.log("train/mae", mae, on_step=False, on_epoch=True, batch_size=len(batch))

    def on_train_epoch_end(self):
        self.log("train/worst_mae", torch.stack(self.residuals).max(), prog_bar=True)
        self.log("time/epoch", time.monotonic() - self.epoch_started)
        self.residuals.clear()

    def on_validation_epoch_start(self):
        self.log("hook/validation", 1.0)

    def validation_step(self, batch, batch_idx):
        loss = nn.functional.mse_loss(self(batch.x), batch.y)
        self.log("val/loss", loss, prog_bar=True, batch_size=len(batch))
        return {"val_loss": loss, "n": len(batch)}

    def on_validation_batch_end(self, outputs, batch, batch_idx, dataloader_idx=0):
        self.log("val/rows", float(outputs["n"]), reduce_fx="sum", batch_size=outputs["n"])

    def on_validation_epoch_end(self):
        self.log("val/weight_norm", self.net[0].weight.norm())

    def on_save_checkpoint(self, checkpoint):
        checkpoint["author"] = "hooks"

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=self.hparams.lr, momentum=0.9)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.99)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step", "name": "my_lr"},
        }


class Rows(Dataset):
    def __init__(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        self.x = torch.randn(n, 4, generator=g)
        self.y = self.x[:, 0] * self.x[:, 1] + self.x[:, 2]

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i], f"row-{i}"


def collate(rows):
    x, y, names = zip(*rows, strict=True)
    return Sample(torch.stack(x), torch.stack(y), list(names))


class RowsDataModule(pl.LightningDataModule):
    def __init__(self, n: int = 1024, batch_size: int = 32):
        super().__init__()
        self.n = n
        self.batch_size = batch_size

    def train_dataloader(self):
        return DataLoader(Rows(self.n, 0), self.batch_size, shuffle=True, collate_fn=collate)

    def val_dataloader(self):
        return DataLoader(Rows(self.n // 4, 1), self.batch_size, collate_fn=collate)
