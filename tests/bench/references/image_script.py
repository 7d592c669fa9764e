"""The script that everybody writes: torchvision's data set, PIL transforms, DataLoader, Lightning.

python -m tests.bench.references.image_script '{"root": ..., "epochs": 3, ...}'
"""

import json
import sys
import time
from pathlib import Path

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, random_split
from torchmetrics.classification import MulticlassAccuracy
from torchvision import transforms
from torchvision.datasets import FashionMNIST

from tests.bench.images import NUM_TRAIN, NUM_VAL
from tests.bench.references.dense import Dense

BATCH = 128


class Classifier(pl.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.net = Dense()
        self.val_acc = MulticlassAccuracy(10, average="micro")
        self.test_acc = MulticlassAccuracy(10, average="micro")

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        x, y = batch
        loss = F.cross_entropy(self.net(x), y)
        self.log("train/loss", loss, prog_bar=True)
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
        return torch.optim.Adam(self.parameters(), lr=1e-3)


class Clock(pl.Callback):
    def __init__(self) -> None:
        self.begins: list[float] = []

    def on_train_epoch_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.begins.append(time.perf_counter())

    def on_fit_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.begins.append(time.perf_counter())


def main(request: str) -> None:
    wish = json.loads(request)
    pl.seed_everything(wish["seed"])
    transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize(0.2860, 0.3530)])
    root = Path(wish["root"]) / "fashion_mnist"
    whole = FashionMNIST(root, train=True, transform=transform)
    train, val = random_split(whole, [NUM_TRAIN - NUM_VAL, NUM_VAL])
    test = FashionMNIST(root, train=False, transform=transform)
    workers = wish["workers"]
    loaders = [
        DataLoader(
            part,
            batch_size=BATCH,
            shuffle=part is train,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        for part in (train, val, test)
    ]
    clock, module = Clock(), Classifier()
    trainer = pl.Trainer(max_epochs=wish["epochs"], accelerator="cpu", callbacks=[clock])
    trainer.fit(module, loaders[0], loaders[1])
    (metrics,) = trainer.test(module, loaders[2], verbose=False)
    _, *begins, end = clock.begins  # the first epoch warms up
    steps = len(loaders[0]) * len(begins)
    answer = {"steps_per_second": steps / (end - begins[0]), "accuracy": metrics["test/acc"]}
    sys.stdout.write("\n" + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
