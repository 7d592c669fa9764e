"""A physics-informed net for the Poisson equation -u'' = f on [0, 1] with u(0) = u(1) = 0."""

import math

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class PINN(pl.LightningModule):
    def __init__(self, hidden: int = 32, depth: int = 3, boundary_weight: float = 20.0, lr=5e-3):
        super().__init__()
        self.save_hyperparameters()
        layers = [nn.Linear(1, hidden), nn.Tanh()]
        for _ in range(depth - 1):
            layers += [nn.Linear(hidden, hidden), nn.Tanh()]
        self.net = nn.Sequential(*layers, nn.Linear(hidden, 1))
        for module in self.net:
            if isinstance(module, nn.Linear):
                nn.init.xavier_normal_(module.weight)
        self.register_buffer("boundary", torch.tensor([[0.0], [1.0]]))

    def forward(self, x):
        return self.net(x)

    def solution(self, x):
        return torch.sin(math.pi * x)

    def source(self, x):
        return math.pi**2 * torch.sin(math.pi * x)

    def residual(self, x):
        x = x.clone().requires_grad_(True)
        u = self(x)
        (u_x,) = torch.autograd.grad(u.sum(), x, create_graph=True)
        (u_xx,) = torch.autograd.grad(u_x.sum(), x, create_graph=True)
        return -u_xx - self.source(x)

    def training_step(self, batch, batch_idx):
        (x,) = batch
        pde = self.residual(x).square().mean()
        bc = self(self.boundary).square().mean()
        loss = pde + self.hparams.boundary_weight * bc
        self.log_dict({"train/loss": loss, "train/pde": pde, "train/bc": bc}, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        (x,) = batch
        # The residual needs gradients, which Lightning turns off here.
        with torch.inference_mode(False), torch.enable_grad():
            residual = self.residual(x)
        self.log("val/loss", residual.detach().square().mean(), prog_bar=True)
        error = (self(x) - self.solution(x)).square().mean().sqrt()
        self.log("val/l2_error", error, prog_bar=True)

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)
        return [optimizer], [scheduler]


class CollocationPoints(pl.LightningDataModule):
    def __init__(self, num_points: int = 2560, num_val: int = 200, batch_size: int = 32):
        super().__init__()
        self.num_points = num_points
        self.num_val = num_val
        self.batch_size = batch_size

    def setup(self, stage=None):
        sobol = torch.quasirandom.SobolEngine(1, scramble=True, seed=0)
        self.train = TensorDataset(sobol.draw(self.num_points))
        self.val = TensorDataset(torch.linspace(0, 1, self.num_val).unsqueeze(1))

    def train_dataloader(self):
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.num_val)
