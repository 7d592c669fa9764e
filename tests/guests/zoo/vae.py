"""A variational autoencoder."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Encoder(nn.Module):
    def __init__(self, in_dim: int = 64, hidden_dim: int = 64, latent_dim: int = 8):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(in_dim, hidden_dim), nn.ReLU())
        self.fc_mu = nn.Linear(hidden_dim, latent_dim)
        self.fc_var = nn.Linear(hidden_dim, latent_dim)

    def forward(self, x):
        h = self.body(x)
        return self.fc_mu(h), self.fc_var(h)


class Decoder(nn.Module):
    def __init__(self, latent_dim: int = 8, hidden_dim: int = 64, out_dim: int = 64):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(latent_dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, out_dim)
        )

    def forward(self, z):
        return self.body(z)


class VAE(pl.LightningModule):
    """Evidence lower bound with a Gaussian posterior and a Bernoulli likelihood."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, latent_dim=8, beta=1.0, lr=2e-3):
        super().__init__()
        self.save_hyperparameters(ignore=["encoder", "decoder"])
        self.encoder = encoder
        self.decoder = decoder

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        mu, logvar = self.encoder(x)
        z = self.reparameterize(mu, logvar)
        return self.decoder(z), mu, logvar

    def loss_function(self, x, outputs):
        recons, mu, logvar = outputs
        recons_loss = F.binary_cross_entropy_with_logits(recons, x, reduction="none").sum(1).mean()
        kld = (-0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)).mean()
        return recons_loss + self.hparams.beta * kld, recons_loss, kld

    def training_step(self, batch, batch_idx):
        (x,) = batch
        loss, recons_loss, kld = self.loss_function(x, self(x))
        self.log_dict({"train_loss": loss, "recon_loss": recons_loss, "kl": kld}, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        (x,) = batch
        loss, recons_loss, kld = self.loss_function(x, self(x))
        self.log("val_loss", loss, prog_bar=True)
        self.log("val_recon_loss", recons_loss)
        self.log("val_kl", kld)

    @torch.no_grad()
    def sample(self, n: int):
        z = torch.randn(n, self.hparams.latent_dim, device=self.device)
        return self.decoder(z).sigmoid()

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)


def make_bars(n: int, size: int, seed: int) -> torch.Tensor:
    """Images of a horizontal and a vertical bar each, flattened."""
    g = torch.Generator().manual_seed(seed)
    rows = torch.randint(size, (n,), generator=g)
    cols = torch.randint(size, (n,), generator=g)
    images = 0.1 * torch.rand(n, size, size, generator=g)
    images[torch.arange(n), rows] = 0.9
    images[torch.arange(n), :, cols] = 0.9
    return images.flatten(1)


class BarsDataModule(pl.LightningDataModule):
    def __init__(self, train_size=1600, val_size=320, image_size=8, batch_size=32, num_workers=0):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        self.train_set = TensorDataset(
            make_bars(self.hparams.train_size, self.hparams.image_size, seed=0)
        )
        self.val_set = TensorDataset(
            make_bars(self.hparams.val_size, self.hparams.image_size, seed=1)
        )

    def train_dataloader(self):
        return DataLoader(
            self.train_set,
            batch_size=self.hparams.batch_size,
            shuffle=True,
            num_workers=self.hparams.num_workers,
        )

    def val_dataloader(self):
        return DataLoader(self.val_set, batch_size=self.hparams.batch_size)
