"""The LightningDataModule: points on two spirals, made anew from a fixed seed."""

from math import pi

import torch
from pytorch_lightning import LightningDataModule
from torch.utils.data import DataLoader, TensorDataset

from leyden.types import Count, NonNegative, PositiveInt


def spirals(samples: int, noise: float, seed: int) -> TensorDataset:
    """Points in the plane, each with the number of its spiral."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(samples) % 2
    angle = 0.5 + 2.5 * pi * torch.rand(samples, generator=generator).sqrt()
    turned = angle + pi * labels
    spiral = torch.stack([turned.cos(), turned.sin()], dim=1) * (angle / pi).unsqueeze(1)
    return TensorDataset(spiral + noise * torch.randn(samples, 2, generator=generator), labels)


class Spirals(LightningDataModule):
    """Two spirals to be told apart.

    Args:
        samples: Number of points to train on; validation and test have a quarter as many each.
        noise: Standard deviation of what is added to each coordinate.
        batch_size: Number of samples of a batch.
        num_workers: Number of processes that read ahead.
    """

    def __init__(
        self,
        *,
        samples: PositiveInt = 2000,
        noise: NonNegative = 0.2,
        batch_size: PositiveInt = 64,
        num_workers: Count = 0,
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.batch_size = batch_size
        self.num_workers = num_workers
        few = max(1, samples // 4)
        self.parts = [spirals(n, noise, seed) for seed, n in enumerate((samples, few, few))]

    def loader(self, part: int, *, shuffle: bool = False) -> DataLoader:
        """The loader of a part: 0 training, 1 validation, 2 test."""
        return DataLoader(
            self.parts[part], self.batch_size, shuffle=shuffle, num_workers=self.num_workers
        )

    def train_dataloader(self) -> DataLoader:
        """Batches to train on, in a new order each epoch."""
        return self.loader(0, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        """Batches to validate on."""
        return self.loader(1)

    def test_dataloader(self) -> DataLoader:
        """Batches to test on."""
        return self.loader(2)
