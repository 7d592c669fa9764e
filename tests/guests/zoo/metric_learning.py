"""Embeddings by the triplet loss, from batches of a few examples per class."""

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset


class MPerClassBatchSampler(Sampler[list[int]]):
    """Batches of `m` examples of each of `classes_per_batch` classes."""

    def __init__(self, labels, m: int, classes_per_batch: int, num_batches: int, seed: int = 0):
        self.m = m
        self.classes_per_batch = classes_per_batch
        self.num_batches = num_batches
        self.indices = [torch.nonzero(labels == c).flatten() for c in labels.unique()]
        self.generator = torch.Generator()
        self.generator.manual_seed(seed)

    def __len__(self):
        return self.num_batches

    def __iter__(self):
        for _ in range(self.num_batches):
            classes = torch.randperm(len(self.indices), generator=self.generator)
            batch = []
            for c in classes[: self.classes_per_batch].tolist():
                members = self.indices[c]
                chosen = torch.randint(len(members), (self.m,), generator=self.generator)
                batch.extend(members[chosen].tolist())
            yield batch


def batch_hard_triplet_loss(embeddings, labels, margin):
    dist = torch.cdist(embeddings, embeddings)
    same = labels[:, None] == labels[None, :]
    hardest_positive = dist.masked_fill(~same, 0.0).max(dim=1).values
    hardest_negative = dist.masked_fill(same, float("inf")).min(dim=1).values
    return F.softplus(hardest_positive - hardest_negative + margin).mean()


class EmbeddingNet(pl.LightningModule):
    def __init__(self, in_dim=24, embed_dim=8, margin=0.3, lr=3e-3, weight_decay=1e-4):
        super().__init__()
        self.save_hyperparameters()
        self.trunk = nn.Sequential(nn.Linear(in_dim, 64), nn.ReLU())
        self.embedder = nn.Linear(64, embed_dim)

    def forward(self, x):
        return F.normalize(self.embedder(self.trunk(x)), dim=-1)

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = batch_hard_triplet_loss(self(x), y, self.hparams.margin)
        self.log("train/triplet_loss", loss, prog_bar=True)
        return loss

    def on_validation_epoch_start(self):
        self.val_embeddings, self.val_labels = [], []

    def validation_step(self, batch, batch_idx):
        x, y = batch
        self.val_embeddings.append(self(x))
        self.val_labels.append(y)

    def on_validation_epoch_end(self):
        embeddings, labels = torch.cat(self.val_embeddings), torch.cat(self.val_labels)
        dist = torch.cdist(embeddings, embeddings).fill_diagonal_(float("inf"))
        recall = (labels[dist.argmin(dim=1)] == labels).float().mean()
        loss = batch_hard_triplet_loss(embeddings, labels, self.hparams.margin)
        self.log_dict({"val/recall_at_1": recall, "val/triplet_loss": loss}, prog_bar=True)

    def configure_optimizers(self):
        return torch.optim.AdamW(
            self.parameters(), lr=self.hparams.lr, weight_decay=self.hparams.weight_decay
        )


class ClustersDataModule(pl.LightningDataModule):
    def __init__(self, num_classes=12, m_per_class=4, classes_per_batch=8, batches_per_epoch=40):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage):
        g = torch.Generator().manual_seed(1)
        centres = torch.randn(self.hparams.num_classes, 24, generator=g)
        labels = torch.randint(self.hparams.num_classes, (1200,), generator=g)
        x = 0.9 * centres[labels] + torch.randn(1200, 24, generator=g)
        self.train_set = TensorDataset(x[:1000], labels[:1000])
        self.val_set = TensorDataset(x[1000:], labels[1000:])
        self.batch_sampler = MPerClassBatchSampler(
            labels[:1000],
            m=self.hparams.m_per_class,
            classes_per_batch=self.hparams.classes_per_batch,
            num_batches=self.hparams.batches_per_epoch,
        )

    def train_dataloader(self):
        return DataLoader(self.train_set, batch_sampler=self.batch_sampler)

    def val_dataloader(self):
        return DataLoader(self.val_set, batch_size=64)
