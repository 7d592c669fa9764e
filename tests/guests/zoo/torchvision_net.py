"""Image classification with a net of torchvision."""

from typing import Any

import torch
from pytorch_lightning import LightningDataModule, LightningModule
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import MulticlassAccuracy
from torchvision import transforms


class ImageClassifier(LightningModule):
    def __init__(self, net: nn.Module, optimizer, lr_scheduler=None, num_classes: int = 4):
        super().__init__()
        self.net = net
        self.optimizer = optimizer
        self.lr_scheduler = lr_scheduler
        self.criterion = nn.CrossEntropyLoss()
        self.train_acc = MulticlassAccuracy(num_classes, average="micro")
        self.val_acc = MulticlassAccuracy(num_classes, average="micro")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x)

    def training_step(self, batch, batch_idx: int):
        images, targets = batch
        logits = self(images)
        loss = self.criterion(logits, targets)
        self.train_acc(logits, targets)
        self.log("train/loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        self.log("train/acc", self.train_acc, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx: int):
        images, targets = batch
        logits = self(images)
        self.val_acc(logits, targets)
        self.log("val/loss", self.criterion(logits, targets), on_epoch=True, prog_bar=True)
        self.log("val/acc", self.val_acc, on_epoch=True, prog_bar=True)

    def configure_optimizers(self) -> dict[str, Any]:
        optimizer = self.optimizer(params=self.parameters())
        if self.lr_scheduler is None:
            return {"optimizer": optimizer}
        return {
            "optimizer": optimizer,
            "lr_scheduler": self.lr_scheduler(optimizer=optimizer),
        }


class Stripes(Dataset):
    """Coloured stripes in one of four directions."""

    def __init__(self, n: int, size: int, seed: int, transform=None):
        g = torch.Generator().manual_seed(seed)
        self.labels = torch.randint(4, (n,), generator=g)
        angle = self.labels * (torch.pi / 4)
        ys, xs = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        along = (
            xs * angle.cos()[:, None, None]
            + ys * angle.sin()[:, None, None]
            + 6 * torch.rand(n, 1, 1, generator=g)
        )
        colour = 0.5 + 0.5 * torch.rand(n, 3, 1, 1, generator=g)
        images = 0.5 + 0.4 * colour * torch.sin(along)[:, None]
        self.images = images + 0.1 * torch.randn(n, 3, size, size, generator=g)
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        image = self.images[idx]
        if self.transform:
            image = self.transform(image)
        return image, self.labels[idx]


class StripesDataModule(LightningDataModule):
    def __init__(self, train_size=96, val_size=32, image_size=32, batch_size=16, num_workers=0):
        super().__init__()
        self.save_hyperparameters()
        normalize = transforms.Normalize([0.5, 0.5, 0.5], [0.25, 0.25, 0.25])
        self.train_transforms = transforms.Compose(
            [transforms.RandomCrop(image_size, padding=2, padding_mode="reflect"), normalize]
        )
        self.val_transforms = normalize

    def setup(self, stage=None):
        size = self.hparams.image_size
        self.train = Stripes(self.hparams.train_size, size, 0, self.train_transforms)
        self.val = Stripes(self.hparams.val_size, size, 1, self.val_transforms)

    def train_dataloader(self):
        return DataLoader(
            self.train,
            batch_size=self.hparams.batch_size,
            shuffle=True,
            num_workers=self.hparams.num_workers,
            drop_last=True,
        )

    def val_dataloader(self):
        return DataLoader(
            self.val,
            batch_size=self.hparams.batch_size,
            num_workers=self.hparams.num_workers,
        )
