"""Manual optimization: accumulated and clipped gradients, and schedulers stepped by hand."""

from collections.abc import Callable

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class ResidualMLP(nn.Module):
    def __init__(self, in_dim: int, out_dim: int, width: int = 64, depth: int = 2):
        super().__init__()
        self.inp = nn.Linear(in_dim, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU())
            for _ in range(depth)
        )
        self.out = nn.Linear(width, out_dim)

    def forward(self, x):
        x = self.inp(x)
        for block in self.blocks:
            x = x + block(x)
        return self.out(x)


class ManualModel(pl.LightningModule):
    def __init__(
        self,
        net: nn.Module,
        optimizer: Callable[..., torch.optim.Optimizer],
        lr_scheduler: Callable[..., torch.optim.lr_scheduler.LRScheduler],
        accumulate_grad_batches: int = 4,
        gradient_clip_val: float = 1.0,
    ):
        super().__init__()
        # The trainer's own accumulation and clipping are for automatic optimization only.
        self.automatic_optimization = False
        self.net = net
        self.optimizer_fn = optimizer
        self.lr_scheduler_fn = lr_scheduler
        self.accumulate_grad_batches = accumulate_grad_batches
        self.gradient_clip_val = gradient_clip_val

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        opt = self.optimizers()
        sch = self.lr_schedulers()
        x, y = batch
        loss = F.mse_loss(self(x), y)
        self.manual_backward(loss / self.accumulate_grad_batches)
        self.log("train/loss", loss, on_step=False, on_epoch=True, prog_bar=True)

        is_last = self.trainer.is_last_batch
        if (batch_idx + 1) % self.accumulate_grad_batches == 0 or is_last:
            self.clip_gradients(
                opt,
                gradient_clip_val=self.gradient_clip_val,
                gradient_clip_algorithm="norm",
            )
            opt.step()
            opt.zero_grad()
            sch.step()
            self.log("lr", sch.get_last_lr()[0], prog_bar=True)

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.log("val/loss", F.mse_loss(self(x), y), prog_bar=True)

    def configure_optimizers(self):
        optimizer = self.optimizer_fn(self.parameters())
        return [optimizer], [self.lr_scheduler_fn(optimizer)]


class PendulumDataModule(pl.LightningDataModule):
    """From the state of a pendulum to its state some time later."""

    def __init__(self, n: int = 2000, steps: int = 30, batch_size: int = 16):
        super().__init__()
        self.n = n
        self.steps = steps
        self.batch_size = batch_size

    def simulate(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        start = 2 * torch.rand(n, 2, generator=g) - 1
        theta, omega = start.unbind(1)
        for _ in range(self.steps):
            omega = omega - 0.05 * torch.sin(3 * theta)
            theta = theta + 0.05 * omega
        return TensorDataset(start, torch.stack([theta, omega], dim=1))

    def setup(self, stage: str):
        self.train = self.simulate(self.n, seed=0)
        self.val = self.simulate(self.n // 5, seed=1)

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.batch_size)
