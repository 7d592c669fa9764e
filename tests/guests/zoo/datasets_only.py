"""A sequence tagger and its datasets, without a data module."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import Dataset, TensorDataset


class TaggingDataset(Dataset):
    """Bits of a random walk; each is to be tagged with the sign of the sum so far."""

    def __init__(self, n: int, length: int, seed: int):
        generator = torch.Generator().manual_seed(seed)
        steps = torch.randint(2, (n, length), generator=generator)
        self.steps = 2.0 * steps - 1.0
        self.tags = self.steps.cumsum(1).gt(0).long()

    def __len__(self) -> int:
        return len(self.steps)

    def __getitem__(self, index: int):
        return self.steps[index], self.tags[index]


def make_train(n: int = 1600, length: int = 12, seed: int = 0) -> Dataset:
    return TaggingDataset(n, length, seed)


def make_val(n: int = 320, length: int = 12, seed: int = 1) -> TensorDataset:
    dataset = TaggingDataset(n, length, seed)
    return TensorDataset(dataset.steps, dataset.tags)


class Tagger(pl.LightningModule):
    def __init__(self, hidden_size: int = 24, num_layers: int = 1, lr: float = 1e-2):
        super().__init__()
        self.save_hyperparameters()
        self.rnn = nn.GRU(1, hidden_size, num_layers, batch_first=True)
        self.head = nn.Linear(hidden_size, 2)

    def forward(self, x):
        h, _ = self.rnn(x.unsqueeze(-1))
        return self.head(h)

    def step(self, batch):
        x, tags = batch
        logits = self(x)
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), tags)
        return loss, (logits.argmax(-1) == tags).float().mean()

    def training_step(self, batch, batch_idx):
        loss, acc = self.step(batch)
        self.log("train_loss", loss, prog_bar=True)
        self.log("train_acc", acc)
        return loss

    def validation_step(self, batch, batch_idx):
        loss, acc = self.step(batch)
        self.log("val_loss", loss, prog_bar=True)
        self.log("val_acc", acc, prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr)
