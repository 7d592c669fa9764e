"""Multi-label tagging with rare labels."""

import pytorch_lightning as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelAUROC, MultilabelF1Score


class MultiLabelClassifier(pl.LightningModule):
    def __init__(self, num_features: int, num_labels: int, pos_weight, lr=1e-2, threshold=0.5):
        super().__init__()
        self.save_hyperparameters()
        self.model = nn.Sequential(
            nn.Linear(num_features, 64), nn.LayerNorm(64), nn.GELU(), nn.Linear(64, num_labels)
        )
        self.loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(pos_weight))
        metrics = MetricCollection(
            {
                "f1": MultilabelF1Score(num_labels=num_labels, threshold=threshold),
                "auroc": MultilabelAUROC(num_labels=num_labels),
            }
        )
        self.train_metrics = metrics.clone(prefix="train_")
        self.val_metrics = metrics.clone(prefix="val_")
        self.test_metrics = metrics.clone(prefix="test_")

    def forward(self, x):
        return self.model(x)

    def _step(self, batch, metrics):
        x, y = batch
        logits = self(x)
        metrics.update(logits.sigmoid(), y.int())
        return self.loss(logits, y)

    def training_step(self, batch, batch_idx):
        loss = self._step(batch, self.train_metrics)
        self.log("train_loss", loss, on_step=False, on_epoch=True, prog_bar=True)
        return loss

    def on_train_epoch_end(self):
        self.log_dict(self.train_metrics.compute())
        self.train_metrics.reset()

    def validation_step(self, batch, batch_idx):
        loss = self._step(batch, self.val_metrics)
        self.log("val_loss", loss, on_step=False, on_epoch=True, prog_bar=True)

    def on_validation_epoch_end(self):
        self.log_dict(self.val_metrics.compute(), prog_bar=True)
        self.val_metrics.reset()

    def test_step(self, batch, batch_idx):
        self.log("test_loss", self._step(batch, self.test_metrics))
        self.log_dict(self.test_metrics)

    def predict_step(self, batch, batch_idx):
        return self(batch[0]).sigmoid() > self.hparams.threshold

    def configure_optimizers(self):
        optimizer = torch.optim.NAdam(self.parameters(), lr=self.hparams.lr)
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=self.hparams.lr,
            total_steps=int(self.trainer.estimated_stepping_batches),
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }


class TagsDataModule(pl.LightningDataModule):
    """Features whose thresholded projections are the tags."""

    def __init__(self, num_features: int = 16, num_labels: int = 5, batch_size: int = 64):
        super().__init__()
        self.save_hyperparameters()

    def setup(self, stage=None):
        g = torch.Generator().manual_seed(3)
        n = 2560
        x = torch.randn(n, self.hparams.num_features, generator=g)
        w = torch.randn(self.hparams.num_features, self.hparams.num_labels, generator=g)
        scores = x @ w + torch.randn(n, self.hparams.num_labels, generator=g)
        y = (scores > 1.5 * scores.std(0)).float()
        self.train_ds = TensorDataset(x[:2048], y[:2048])
        self.val_ds = TensorDataset(x[2048:2304], y[2048:2304])
        self.test_ds = TensorDataset(x[2304:], y[2304:])

    def train_dataloader(self):
        return DataLoader(self.train_ds, batch_size=self.hparams.batch_size, shuffle=True)

    def val_dataloader(self):
        return DataLoader(self.val_ds, batch_size=2 * self.hparams.batch_size)

    def test_dataloader(self):
        return DataLoader(self.test_ds, batch_size=2 * self.hparams.batch_size)

    def predict_dataloader(self):
        return self.test_dataloader()
