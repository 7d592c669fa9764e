"""A small denoising diffusion model (DDPM) of points of the plane."""

import copy
import math

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim

    def forward(self, t):
        half = self.dim // 2
        freq = torch.exp(-math.log(10000) * torch.arange(half, device=t.device) / (half - 1))
        angles = t[:, None].float() * freq[None]
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class NoiseNet(nn.Module):
    def __init__(self, dim: int = 2, hidden_dim: int = 64, time_dim: int = 16, depth: int = 2):
        super().__init__()
        self.time_emb = SinusoidalPosEmb(time_dim)
        self.inp = nn.Linear(dim + time_dim, hidden_dim)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.SiLU(), nn.Linear(hidden_dim, hidden_dim)) for _ in range(depth)
        )
        self.out = nn.Linear(hidden_dim, dim)

    def forward(self, x, t):
        h = self.inp(torch.cat([x, self.time_emb(t)], dim=-1))
        for block in self.blocks:
            h = h + block(h)
        return self.out(F.silu(h))


class DDPM(pl.LightningModule):
    def __init__(self, model: nn.Module, timesteps=100, beta_end=0.08, ema_decay=0.98, lr=3e-3):
        super().__init__()
        self.save_hyperparameters(ignore=["model"])
        self.model = model
        self.model_ema = copy.deepcopy(model).requires_grad_(False)
        betas = torch.linspace(1e-4, beta_end, timesteps)
        self.register_buffer("betas", betas, persistent=False)
        self.register_buffer("alphas_cumprod", (1 - betas).cumprod(0), persistent=False)

    def q_sample(self, x0, t, noise):
        a = self.alphas_cumprod[t][:, None]
        return a.sqrt() * x0 + (1 - a).sqrt() * noise

    def p_losses(self, net, x0):
        t = torch.randint(0, self.hparams.timesteps, (x0.shape[0],), device=self.device)
        noise = torch.randn_like(x0)
        return F.mse_loss(net(self.q_sample(x0, t, noise), t), noise)

    def training_step(self, batch, batch_idx):
        loss = self.p_losses(self.model, batch[0])
        self.log("train/loss_simple", loss, prog_bar=True)
        self.log("global_step", float(self.global_step), on_epoch=False)
        return loss

    @torch.no_grad()
    def on_train_batch_end(self, outputs, batch, batch_idx):
        decay = min(self.hparams.ema_decay, (1 + self.global_step) / (10 + self.global_step))
        for ema, param in zip(self.model_ema.parameters(), self.model.parameters(), strict=True):
            ema.lerp_(param, 1 - decay)

    def validation_step(self, batch, batch_idx):
        self.log("val/loss_simple", self.p_losses(self.model, batch[0]))
        self.log("val/loss_simple_ema", self.p_losses(self.model_ema, batch[0]), prog_bar=True)

    @torch.no_grad()
    def sample(self, n: int):
        x = torch.randn(n, 2, device=self.device)
        for i in reversed(range(self.hparams.timesteps)):
            t = torch.full((n,), i, device=self.device)
            beta, a = self.betas[i], self.alphas_cumprod[i]
            x = (x - beta / (1 - a).sqrt() * self.model_ema(x, t)) / (1 - beta).sqrt()
            if i > 0:
                x = x + beta.sqrt() * torch.randn_like(x)
        return x

    def on_validation_epoch_end(self):
        samples = self.sample(64)
        self.log("val/sample_radius", samples.norm(dim=1).mean())

    def configure_optimizers(self):
        return torch.optim.AdamW(self.model.parameters(), lr=self.hparams.lr)


class SwissRoll(pl.LightningDataModule):
    def __init__(self, n: int = 4096, noise: float = 0.05, batch_size: int = 64):
        super().__init__()
        self.n = n
        self.noise = noise
        self.batch_size = batch_size

    def make(self, n: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        t = 1.5 * math.pi * (1 + 2 * torch.rand(n, generator=g))
        x = torch.stack([t * t.cos(), t * t.sin()], dim=1) / 10
        return TensorDataset(x + self.noise * torch.randn(n, 2, generator=g))

    def train_dataloader(self):
        dataset = self.make(self.n, seed=0)
        return DataLoader(dataset, self.batch_size, shuffle=True, drop_last=True)

    def val_dataloader(self):
        return DataLoader(self.make(self.n // 8, seed=1), self.batch_size)
