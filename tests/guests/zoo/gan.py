"""A GAN for points of the plane, by manual optimization."""

import math
from collections.abc import Callable

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Generator(nn.Module):
    def __init__(self, latent_dim: int, hidden: int = 64):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(latent_dim, hidden),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden, 2),
        )

    def forward(self, z):
        return self.model(z)


class Discriminator(nn.Module):
    def __init__(self, hidden: int = 64):
        super().__init__()
        self.model = nn.Sequential(
            nn.Linear(2, hidden),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden, hidden),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden, 1),
        )

    def forward(self, x):
        return self.model(x).squeeze(1)


class GAN(pl.LightningModule):
    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        g_optimizer: Callable[..., torch.optim.Optimizer],
        d_optimizer: Callable[..., torch.optim.Optimizer],
        latent_dim: int = 8,
    ):
        super().__init__()
        self.save_hyperparameters("latent_dim")
        self.automatic_optimization = False
        self.generator = generator
        self.discriminator = discriminator
        self.g_optimizer = g_optimizer
        self.d_optimizer = d_optimizer
        self.register_buffer("validation_z", torch.randn(64, latent_dim), persistent=True)

    def forward(self, z):
        return self.generator(z)

    def adversarial_loss(self, logits, real: bool):
        target = torch.full_like(logits, float(real))
        return F.binary_cross_entropy_with_logits(logits, target)

    def training_step(self, batch, batch_idx):
        (points,) = batch
        optimizer_g, optimizer_d = self.optimizers()
        z = torch.randn(points.shape[0], self.hparams.latent_dim).type_as(points)

        # train generator
        self.toggle_optimizer(optimizer_g)
        g_loss = self.adversarial_loss(self.discriminator(self(z)), real=True)
        self.log("train/g_loss", g_loss, prog_bar=True)
        optimizer_g.zero_grad()
        self.manual_backward(g_loss)
        optimizer_g.step()
        self.untoggle_optimizer(optimizer_g)

        # train discriminator
        self.toggle_optimizer(optimizer_d)
        real_loss = self.adversarial_loss(self.discriminator(points), real=True)
        fake_loss = self.adversarial_loss(self.discriminator(self(z).detach()), real=False)
        d_loss = (real_loss + fake_loss) / 2
        self.log("train/d_loss", d_loss, prog_bar=True)
        optimizer_d.zero_grad()
        self.manual_backward(d_loss)
        optimizer_d.step()
        self.untoggle_optimizer(optimizer_d)

    def validation_step(self, batch, batch_idx):
        (points,) = batch
        z = self.validation_z[: points.shape[0]]
        real_loss = self.adversarial_loss(self.discriminator(points), real=True)
        fake_loss = self.adversarial_loss(self.discriminator(self(z)), real=False)
        self.log("val/d_loss", (real_loss + fake_loss) / 2, prog_bar=True)

    def configure_optimizers(self):
        opt_g = self.g_optimizer(self.generator.parameters())
        opt_d = self.d_optimizer(self.discriminator.parameters())
        return [opt_g, opt_d], []


class RingDataModule(pl.LightningDataModule):
    """Points around a circle."""

    def __init__(self, n: int = 2048, radius: float = 2.0, noise: float = 0.05, batch_size=64):
        super().__init__()
        self.save_hyperparameters()

    def _points(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        angle = 2 * math.pi * torch.rand(n, generator=g)
        points = self.hparams.radius * torch.stack([angle.cos(), angle.sin()], dim=1)
        return TensorDataset(points + self.hparams.noise * torch.randn(n, 2, generator=g))

    def setup(self, stage: str):
        self.train = self._points(self.hparams.n, seed=0)
        self.val = self._points(self.hparams.n // 8, seed=1)

    def train_dataloader(self):
        return DataLoader(
            self.train, batch_size=self.hparams.batch_size, shuffle=True, drop_last=True
        )

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.hparams.batch_size)
