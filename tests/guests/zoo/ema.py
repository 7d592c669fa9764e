"""An exponential moving average of the weights, as a callback, and a classifier to use it with."""

import torch
import torch.nn.functional as F
from pytorch_lightning import Callback, LightningDataModule, LightningModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split


class EMACallback(Callback):
    """Keeps averaged weights and swaps them in for validation and test."""

    def __init__(self, decay: float = 0.99, every_n_steps: int = 1):
        super().__init__()
        self.decay = decay
        self.every_n_steps = every_n_steps
        self.ema_weights = None
        self.backup = None
        self.num_updates = 0

    def on_fit_start(self, trainer, pl_module):
        if self.ema_weights is None:
            self.ema_weights = {k: v.detach().clone() for k, v in pl_module.state_dict().items()}
        self.ema_weights = {k: v.to(pl_module.device) for k, v in self.ema_weights.items()}

    @torch.no_grad()
    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if trainer.global_step % self.every_n_steps:
            return
        self.num_updates += 1
        decay = min(self.decay, (1 + self.num_updates) / (10 + self.num_updates))
        for name, value in pl_module.state_dict().items():
            if value.is_floating_point():
                self.ema_weights[name].lerp_(value, 1 - decay)
            else:
                self.ema_weights[name].copy_(value)

    def swap_in(self, pl_module):
        if self.ema_weights is not None:
            self.backup = {k: v.detach().clone() for k, v in pl_module.state_dict().items()}
            pl_module.load_state_dict(self.ema_weights)

    def swap_out(self, pl_module):
        if self.backup is not None:
            pl_module.load_state_dict(self.backup)
            self.backup = None

    def on_validation_start(self, trainer, pl_module):
        self.swap_in(pl_module)

    def on_validation_end(self, trainer, pl_module):
        self.swap_out(pl_module)

    def on_test_start(self, trainer, pl_module):
        self.swap_in(pl_module)

    def on_test_end(self, trainer, pl_module):
        self.swap_out(pl_module)

    def state_dict(self):
        return {"ema_weights": self.ema_weights, "num_updates": self.num_updates}

    def load_state_dict(self, state_dict):
        self.ema_weights = state_dict["ema_weights"]
        self.num_updates = state_dict["num_updates"]


class ConvClassifier(LightningModule):
    def __init__(self, channels: int = 8, num_classes: int = 4, optimizer=None):
        super().__init__()
        self.save_hyperparameters(ignore=["optimizer"])
        self.optimizer = optimizer
        self.features = nn.Sequential(
            nn.Conv1d(1, channels, 5, padding=2),
            nn.BatchNorm1d(channels),
            nn.ReLU(),
            nn.MaxPool1d(2),
            nn.Conv1d(channels, 2 * channels, 5, padding=2),
            nn.ReLU(),
            nn.AdaptiveAvgPool1d(1),
        )
        self.head = nn.Linear(2 * channels, num_classes)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train/loss", loss, prog_bar=True)
        return loss

    def _eval(self, batch, stage):
        x, y = batch
        logits = self(x)
        self.log(f"{stage}/loss", F.cross_entropy(logits, y), prog_bar=True)
        self.log(f"{stage}/acc", (logits.argmax(1) == y).float().mean(), prog_bar=True)

    def validation_step(self, batch, batch_idx):
        self._eval(batch, "val")

    def test_step(self, batch, batch_idx):
        self._eval(batch, "test")

    def configure_optimizers(self):
        return self.optimizer(self.parameters())


class WavesDataModule(LightningDataModule):
    """Noisy waves of four frequencies."""

    def __init__(self, n: int = 2000, length: int = 32, noise: float = 0.5, batch_size: int = 32):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage: str):
        h = self.hparams
        g = torch.Generator().manual_seed(5)
        y = torch.randint(4, (h.n,), generator=g)
        t = torch.linspace(0, 6.283, h.length)
        phase = 6.283 * torch.rand(h.n, 1, generator=g)
        x = torch.sin((y[:, None] + 1) * t + phase) + h.noise * torch.randn(
            h.n, h.length, generator=g
        )
        self.train, self.val, self.test = random_split(
            TensorDataset(x.unsqueeze(1), y), [0.7, 0.15, 0.15], generator=g
        )

    def train_dataloader(self):
        return DataLoader(self.train, self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val, self.hparams.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test, self.hparams.batch_size)
