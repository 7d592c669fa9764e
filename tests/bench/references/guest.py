"""A LightningModule and a LightningDataModule as their users write them, and stock Lightning.

python -m tests.bench.references.guest '{"widths": [64], "few": 100, "many": 1000}'
"""

import json
import sys
import warnings

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningDataModule, LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics.classification import MulticlassAccuracy

from tests.bench.moments import Moments
from tests.bench.references.plain_loop import BATCH, LEARNING_RATE, perceptron

SAMPLES = 40_000


class Guest(LightningModule):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.net = perceptron(widths)
        self.val_acc = MulticlassAccuracy(10)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)  # type: ignore[no-any-return]

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        loss = F.cross_entropy(self(x), y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        x, y = batch
        logits = self(x)
        self.val_acc(logits, y)
        self.log("val/loss", F.cross_entropy(logits, y))
        self.log("val/acc", self.val_acc)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=LEARNING_RATE)


class GuestData(LightningDataModule):
    def __init__(self, batch_size: int = BATCH) -> None:
        super().__init__()
        self.batch_size = batch_size

    def setup(self, stage: str) -> None:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(SAMPLES, 784, generator=generator)
        y = torch.randint(10, (SAMPLES,), generator=generator)
        self.train, self.val = TensorDataset(x, y), TensorDataset(x[:1000], y[:1000])

    def train_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(self.train, self.batch_size, shuffle=True)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, ...]]:
        return DataLoader(self.val, self.batch_size)


def main(request: str) -> None:
    warnings.simplefilter("ignore")
    wish = json.loads(request)
    torch.manual_seed(0)
    watch = Moments()
    trainer = Trainer(
        accelerator="cpu",
        max_steps=wish["few"] + wish["many"],
        check_val_every_n_epoch=1_000_000,
        logger=[CSVLogger("."), TensorBoardLogger(".")],
        callbacks=[watch, ModelCheckpoint(monitor="val/loss", save_last=True)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Guest(wish["widths"]), GuestData())
    moments = watch.moments
    seconds = (moments[-1] - moments[wish["few"] - 1]) / wish["many"]
    sys.stdout.write(json.dumps({"seconds": seconds}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
