"""Tiny networks on digits with stock Lightning, trained in turn in one process.

python -m tests.bench.references.tiny_runs '{"rates": [0.001], "seeds": [0], "epochs": 20}'
"""

import json
import sys
import time

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchmetrics.classification import MulticlassAccuracy

BATCH, EVAL_BATCH, WIDTH = 64, 256, 32


class Classifier(pl.LightningModule):
    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate
        self.net = nn.Sequential(
            nn.Linear(64, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, WIDTH),
            nn.ReLU(),
            nn.Linear(WIDTH, 10),
        )
        self.val_acc = MulticlassAccuracy(10, average="micro")
        self.test_acc = MulticlassAccuracy(10, average="micro")

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        x, y = batch
        loss = F.cross_entropy(self.net(x), y)
        self.log("train/loss", loss)
        return loss

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        x, y = batch
        logits = self.net(x)
        self.val_acc(logits, y)
        self.log("val/loss", F.cross_entropy(logits, y))
        self.log("val/acc", self.val_acc)

    def test_step(self, batch: list[Tensor], index: int) -> None:
        x, y = batch
        self.test_acc(self.net(x), y)
        self.log("test/acc", self.test_acc)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=self.rate)


def train(rate: float, seed: int, epochs: int) -> float:
    pl.seed_everything(seed)
    digits = load_digits()
    x = torch.tensor(digits.data, dtype=torch.float32).div(16).sub(0.305).div(0.376)
    parts = random_split(TensorDataset(x, torch.tensor(digits.target)), [0.7, 0.15, 0.15])
    loaders = [
        DataLoader(part, batch_size=EVAL_BATCH if number else BATCH, shuffle=not number)
        for number, part in enumerate(parts)
    ]
    name = f"rate-{rate}-seed-{seed}"
    module = Classifier(rate)
    trainer = pl.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        log_every_n_steps=10,
        logger=[TensorBoardLogger("logs", name), CSVLogger("logs", name)],
        callbacks=[ModelCheckpoint(monitor="val/loss", save_last=True)],
    )
    trainer.fit(module, loaders[0], loaders[1])
    (metrics,) = trainer.test(module, loaders[2], ckpt_path="best", weights_only=False)
    return float(metrics["test/acc"])


def main(request: str) -> None:
    wish = json.loads(request)
    seconds, accuracies = [], []
    for rate in wish["rates"]:
        for seed in wish["seeds"]:
            start = time.perf_counter()
            accuracies.append(train(rate, seed, wish["epochs"]))
            seconds.append(time.perf_counter() - start)
    sys.stdout.write("\n" + json.dumps({"seconds": seconds, "accuracies": accuracies}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
