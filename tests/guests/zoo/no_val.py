"""A denoising autoencoder that is only trained."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class LitAutoEncoder(pl.LightningModule):
    def __init__(self, net: nn.Module, optimizer, noise: float = 0.2):
        super().__init__()
        self.net = net
        self.optimizer = optimizer
        self.noise = noise

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, batch_idx):
        noisy = batch + self.noise * torch.randn_like(batch)
        loss = nn.functional.mse_loss(self(noisy), batch)
        self.log("loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self):
        return self.optimizer(self.parameters())


class Curves(Dataset):
    """Sums of a few sines, sampled at `length` points."""

    def __init__(self, size: int = 2000, length: int = 32, seed: int = 0):
        g = torch.Generator().manual_seed(seed)
        t = torch.linspace(0, 6.283, length)
        amplitude = torch.randn(size, 3, 1, generator=g)
        phase = 6.283 * torch.rand(size, 3, 1, generator=g)
        frequency = torch.tensor([1.0, 2.0, 3.0]).view(1, 3, 1)
        self.curves = (amplitude * torch.sin(frequency * t + phase)).sum(1)

    def __len__(self):
        return len(self.curves)

    def __getitem__(self, idx):
        return self.curves[idx]


class CurvesDataModule(pl.LightningDataModule):
    def __init__(self, dataset: Dataset, batch_size: int = 32):
        super().__init__()
        self.dataset = dataset
        self.batch_size = batch_size

    def train_dataloader(self):
        return DataLoader(self.dataset, batch_size=self.batch_size, shuffle=True)
