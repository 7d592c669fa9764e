"""K-fold cross-validation of a regressor: one run per fold."""

import pytorch_lightning as pl
import torch
from sklearn.model_selection import KFold
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset
from torchmetrics import MeanSquaredError, R2Score


class LitRegressor(pl.LightningModule):
    def __init__(self, n_features: int = 10, hidden: int = 32, lr: float = 5e-3):
        super().__init__()
        self.save_hyperparameters()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(n_features),
            nn.Linear(n_features, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 1),
        )
        self.val_rmse = MeanSquaredError(squared=False)
        self.val_r2 = R2Score()
        self.test_rmse = MeanSquaredError(squared=False)

    def forward(self, x):
        return self.layers(x).flatten()

    def training_step(self, batch, batch_idx):
        x, y = batch
        loss = nn.functional.mse_loss(self(x), y)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch, batch_idx):
        x, y = batch
        pred = self(x)
        self.val_rmse.update(pred, y)
        self.val_r2.update(pred, y)
        self.log("val_loss", nn.functional.mse_loss(pred, y), prog_bar=True)
        self.log("val_rmse", self.val_rmse)
        self.log("val_r2", self.val_r2, prog_bar=True)

    def test_step(self, batch, batch_idx):
        x, y = batch
        self.test_rmse.update(self(x), y)
        self.log("test_rmse", self.test_rmse)

    def configure_optimizers(self):
        return torch.optim.RMSprop(self.parameters(), lr=self.hparams.lr)


class KFoldDataModule(pl.LightningDataModule):
    """Fold number `fold` of `k` validates, the others train."""

    def __init__(
        self,
        k: int = 5,
        fold: int = 0,  # fold number
        split_seed: int = 12345,  # the same for all folds of a cross-validation
        batch_size: int = 32,
        num_workers: int = 0,
    ):
        super().__init__()
        self.save_hyperparameters(logger=False)
        assert 0 <= fold < k, "incorrect fold number"
        self.data_train = None
        self.data_val = None

    @property
    def num_node_features(self):
        return 10

    def setup(self, stage=None):
        if self.data_train or self.data_val:
            return
        g = torch.Generator().manual_seed(0)
        x = torch.rand(1800, 10, generator=g)
        y = 10 * torch.sin(3.1416 * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        y = (y + 10 * x[:, 3] + 5 * x[:, 4] + torch.randn(1800, generator=g) - 14.4) / 4.9
        full = TensorDataset(x[:1500], y[:1500])
        kf = KFold(n_splits=self.hparams.k, shuffle=True, random_state=self.hparams.split_seed)
        train_indexes, val_indexes = list(kf.split(x[:1500]))[self.hparams.fold]
        self.data_train = Subset(full, train_indexes.tolist())
        self.data_val = Subset(full, val_indexes.tolist())
        self.data_test = TensorDataset(x[1500:], y[1500:])

    def train_dataloader(self):
        return self._loader(self.data_train, shuffle=True)

    def val_dataloader(self):
        return self._loader(self.data_val)

    def test_dataloader(self):
        return self._loader(self.data_test)

    def _loader(self, dataset, shuffle=False):
        return DataLoader(
            dataset,
            batch_size=self.hparams.batch_size,
            num_workers=self.hparams.num_workers,
            shuffle=shuffle,
        )
