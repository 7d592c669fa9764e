"""Binary segmentation by a small U-Net."""

import pytorch_lightning as pl
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset
from torchmetrics.classification import BinaryJaccardIndex


class DoubleConv(nn.Module):
    """[ Conv2d => BatchNorm => ReLU ] x 2."""

    def __init__(self, in_ch: int, out_ch: int):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(in_ch, out_ch, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_ch),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_ch, out_ch, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_ch),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.net(x)


class UNet(nn.Module):
    def __init__(self, in_channels: int = 1, channels: int = 8):
        super().__init__()
        self.down1 = DoubleConv(in_channels, channels)
        self.down2 = DoubleConv(channels, 2 * channels)
        self.up = nn.ConvTranspose2d(2 * channels, channels, kernel_size=2, stride=2)
        self.conv = DoubleConv(2 * channels, channels)
        self.out = nn.Conv2d(channels, 1, kernel_size=1)

    def forward(self, x):
        skip = self.down1(x)
        x = self.down2(F.max_pool2d(skip, 2))
        return self.out(self.conv(torch.cat([skip, self.up(x)], dim=1)))


class DiceLoss(nn.Module):
    def __init__(self, smooth: float = 1.0):
        super().__init__()
        self.smooth = smooth

    def forward(self, logits, target):
        probs = logits.sigmoid().flatten(1)
        target = target.flatten(1)
        inter = (probs * target).sum(1)
        union = probs.sum(1) + target.sum(1)
        return (1 - (2 * inter + self.smooth) / (union + self.smooth)).mean()


class SegModel(pl.LightningModule):
    def __init__(self, net: nn.Module, losses, weights, optimizer):
        super().__init__()
        self.net = net
        self.losses = nn.ModuleList(losses)
        self.weights = list(weights)
        self.optimizer = optimizer
        self.val_iou = BinaryJaccardIndex()

    def forward(self, x):
        return self.net(x)

    def criterion(self, logits, mask):
        return sum(w * f(logits, mask) for w, f in zip(self.weights, self.losses, strict=True))

    def training_step(self, batch, batch_nb):
        img, mask = batch
        loss = self.criterion(self(img), mask.float())
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_nb):
        img, mask = batch
        logits = self(img)
        self.val_iou(logits, mask)
        self.log("val_loss", self.criterion(logits, mask.float()))
        self.log("val_iou", self.val_iou, on_step=False, on_epoch=True, prog_bar=True)

    def configure_optimizers(self):
        opt = self.optimizer(self.net.parameters())
        sch = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=10)
        return [opt], [sch]


class Discs(Dataset):
    """Images of bright discs on a noisy ground, and their masks."""

    def __init__(self, n: int, size: int, seed: int):
        g = torch.Generator().manual_seed(seed)
        centre = size * (0.2 + 0.6 * torch.rand(n, 2, 1, 1, generator=g))
        radius = size * (0.1 + 0.2 * torch.rand(n, 1, 1, generator=g))
        yx = torch.stack(torch.meshgrid(*2 * [torch.arange(size)], indexing="ij"))
        self.masks = ((yx - centre).pow(2).sum(1).sqrt() < radius).unsqueeze(1).long()
        self.images = self.masks + 0.6 * torch.randn(n, 1, size, size, generator=g)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return self.images[idx], self.masks[idx]


class DiscsDataModule(pl.LightningDataModule):
    def __init__(self, train_size=480, val_size=96, image_size=16, batch_size=8):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        self.trainset = Discs(self.hparams.train_size, self.hparams.image_size, seed=0)
        self.validset = Discs(self.hparams.val_size, self.hparams.image_size, seed=1)

    def train_dataloader(self):
        return DataLoader(self.trainset, batch_size=self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.validset, batch_size=self.hparams.batch_size, shuffle=False)
