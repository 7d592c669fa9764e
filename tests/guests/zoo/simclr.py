"""SimCLR: contrastive learning from two views of each image."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class SimCLR(pl.LightningModule):
    def __init__(self, hidden_dim=32, lr=5e-3, temperature=0.2, weight_decay=1e-4, max_epochs=10):
        super().__init__()
        self.save_hyperparameters()
        assert self.hparams.temperature > 0.0, "The temperature must be a positive float!"
        self.convnet = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(16 * 4 * 4, 2 * hidden_dim),
        )
        self.projector = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(2 * hidden_dim, hidden_dim))

    def configure_optimizers(self):
        optimizer = optim.AdamW(
            self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.weight_decay
        )
        lr_scheduler = optim.lr_scheduler.CosineAnnealingLR(
            optimizer, T_max=self.hparams.max_epochs, eta_min=self.hparams.lr / 50
        )
        return [optimizer], [lr_scheduler]

    def forward(self, x):
        return self.convnet(x)

    def info_nce_loss(self, batch, mode="train"):
        imgs = torch.cat([batch["view1"], batch["view2"]], dim=0)
        feats = self.projector(self.convnet(imgs))
        cos_sim = F.cosine_similarity(feats[:, None, :], feats[None, :, :], dim=-1)
        # An image is no negative of itself.
        self_mask = torch.eye(cos_sim.shape[0], dtype=torch.bool, device=cos_sim.device)
        cos_sim.masked_fill_(self_mask, -9e15)
        # The other view, half the batch away, is the positive example.
        pos_mask = self_mask.roll(shifts=cos_sim.shape[0] // 2, dims=0)
        cos_sim = cos_sim / self.hparams.temperature
        nll = (-cos_sim[pos_mask] + torch.logsumexp(cos_sim, dim=-1)).mean()

        comb_sim = torch.cat(
            [cos_sim[pos_mask][:, None], cos_sim.masked_fill(pos_mask, -9e15)], dim=-1
        )
        sim_argsort = comb_sim.argsort(dim=-1, descending=True).argmin(dim=-1)
        self.log(f"{mode}_loss", nll, prog_bar=True)
        self.log(f"{mode}_acc_top1", (sim_argsort == 0).float().mean())
        self.log(f"{mode}_acc_top5", (sim_argsort < 5).float().mean())
        return nll

    def training_step(self, batch, batch_idx):
        return self.info_nce_loss(batch, mode="train")

    def validation_step(self, batch, batch_idx):
        self.info_nce_loss(batch, mode="val")


class ContrastiveTransform:
    """A random shift, flip, brightness and noise."""

    def __init__(self, max_shift: int = 1, noise: float = 0.1):
        self.max_shift = max_shift
        self.noise = noise

    def __call__(self, x):
        shift = torch.randint(-self.max_shift, self.max_shift + 1, (2,)).tolist()
        x = torch.roll(x, shifts=shift, dims=(1, 2))
        if torch.rand(1).item() < 0.5:
            x = x.flip(2)
        return x * (0.8 + 0.4 * torch.rand(1)) + self.noise * torch.randn_like(x)


class TwoViews(Dataset):
    def __init__(self, images, labels, transform):
        self.images = images
        self.labels = labels
        self.transform = transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        x = self.images[idx]
        return {
            "view1": self.transform(x),
            "view2": self.transform(x),
            "label": self.labels[idx],
        }


class BlobsDataModule(pl.LightningDataModule):
    """Smooth random images, each its own instance."""

    def __init__(self, transform, num_images=640, batch_size=32, num_workers=0):
        super().__init__()
        self.transform = transform
        self.num_images = num_images
        self.batch_size = batch_size
        self.num_workers = num_workers

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(0)
        coarse = torch.randn(self.num_images, 1, 4, 4, generator=g)
        images = F.interpolate(coarse, size=(8, 8), mode="bilinear")
        labels = coarse[:, 0, 0, 0].gt(0).long()
        n = self.num_images * 4 // 5
        self.train = TwoViews(images[:n], labels[:n], self.transform)
        self.val = TwoViews(images[n:], labels[n:], self.transform)

    def train_dataloader(self):
        return DataLoader(
            self.train,
            batch_size=self.batch_size,
            shuffle=True,
            drop_last=True,
            num_workers=self.num_workers,
        )

    def val_dataloader(self):
        return DataLoader(self.val, batch_size=self.batch_size, num_workers=self.num_workers)
