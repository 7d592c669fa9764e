"""scikit-learn's digits in three parts."""

import torch
from lightning import LightningDataModule
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split


class DigitsDataModule(LightningDataModule):
    def __init__(
        self,
        data_dir="data/",
        split=(1200, 300, 297),
        batch_size=64,
        num_workers=0,
        pin_memory=False,
    ):
        super().__init__()
        self.save_hyperparameters(logger=False)
        self.parts = None

    def setup(self, stage=None):
        if self.parts is None:
            digits = load_digits()
            images = torch.tensor(digits.images, dtype=torch.float32) / 16
            whole = TensorDataset(images, torch.tensor(digits.target))
            fixed = torch.Generator().manual_seed(42)
            self.parts = random_split(whole, list(self.hparams.split), generator=fixed)

    def loader(self, part, shuffle=False):
        return DataLoader(
            self.parts[part],
            batch_size=self.hparams.batch_size,
            num_workers=self.hparams.num_workers,
            shuffle=shuffle,
        )

    def train_dataloader(self):
        return self.loader(0, shuffle=True)

    def val_dataloader(self):
        return self.loader(1)

    def test_dataloader(self):
        return self.loader(2)
