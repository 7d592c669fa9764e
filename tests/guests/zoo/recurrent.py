"""Forecasting of long series by a stateful LSTM: truncated backpropagation through time."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class StatefulLSTM(pl.LightningModule):
    def __init__(self, input_size: int = 1, hidden_size: int = 32, num_layers: int = 1, lr=1e-2):
        super().__init__()
        self.save_hyperparameters()
        self.lstm = nn.LSTM(input_size, hidden_size, num_layers, batch_first=True)
        self.linear = nn.Linear(hidden_size, input_size)
        # Carried from chunk to chunk; not part of the state dict.
        self.hidden = None
        self.val_hidden = None

    def forward(self, x, hidden=None):
        out, hidden = self.lstm(x, hidden)
        return self.linear(out), hidden

    def on_train_epoch_start(self):
        self.hidden = None

    def training_step(self, batch, batch_idx):
        x, y = batch
        y_hat, hidden = self(x, self.hidden)
        self.hidden = tuple(h.detach() for h in hidden)
        loss = nn.functional.mse_loss(y_hat, y)
        self.log("train_loss", loss, prog_bar=True, batch_size=len(x))
        return loss

    def on_validation_epoch_start(self):
        self.val_hidden = None

    def validation_step(self, batch, batch_idx):
        x, y = batch
        y_hat, self.val_hidden = self(x, self.val_hidden)
        self.log("val_loss", nn.functional.mse_loss(y_hat, y), prog_bar=True, batch_size=len(x))

    def on_validation_epoch_end(self):
        self.val_hidden = None

    def configure_optimizers(self):
        optimizer = torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.95**epoch)
        return {"optimizer": optimizer, "lr_scheduler": scheduler}


class Chunks(Dataset):
    """Item `t` is the `t`-th chunk of every series; it continues item `t - 1`."""

    def __init__(self, series: torch.Tensor, chunk: int):
        self.series = series
        self.chunk = chunk

    def __len__(self):
        return (self.series.shape[1] - 1) // self.chunk

    def __getitem__(self, t):
        window = self.series[:, t * self.chunk : (t + 1) * self.chunk + 1]
        return window[:, :-1], window[:, 1:]


class SeriesDataModule(pl.LightningDataModule):
    def __init__(self, num_series: int = 16, length: int = 1201, chunk: int = 20):
        super().__init__()
        self.save_hyperparameters()

    def make_series(self, length: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        t = torch.arange(length)
        period = 15 + 20 * torch.rand(self.hparams.num_series, 2, 1, generator=g)
        phase = 6.283 * torch.rand(self.hparams.num_series, 2, 1, generator=g)
        waves = torch.sin(6.283 * t / period + phase).sum(1)
        noise = 0.1 * torch.randn(self.hparams.num_series, length, generator=g)
        return (waves + noise).unsqueeze(-1)

    def setup(self, stage=None):
        self.train = Chunks(self.make_series(self.hparams.length, seed=0), self.hparams.chunk)
        self.val = Chunks(self.make_series(self.hparams.length // 4, seed=1), self.hparams.chunk)

    def train_dataloader(self):
        # The items are batches already, and their order matters.
        return DataLoader(self.train, batch_size=None, shuffle=False)

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=None, shuffle=False)
