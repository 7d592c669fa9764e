"""The base of all data sets: its splits, their loaders, and the spec that models are built to."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from pytorch_lightning import LightningDataModule

from leyden.data.batches import BatchedDataset, BatchSampler, Mixup
from leyden.data.fingerprint import READER, files_digest, tensors_digest
from leyden.data.loader import Loader
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.data.splits import DataSplits, FirstSamples, counted
from leyden.data.synthetic import synthetic_splits
from leyden.types import Count, NonNegative, PositiveInt


class DataModule(LightningDataModule, ABC):
    """Base of all data sets, those of Leyden and those of users.

    A subclass must give its `kind` and `load`. It may give:

    - `task`, where it is another one than that of its kind, or its kind leaves it open;
    - `source_files`, so that a run is not resumed with files that have changed;
    - `fetch`, `is_here`, `expected_spec` and `expected_train_samples`, where the data has to be
      brought to the machine;
    - `vocabulary`, an attribute of text that turns tokens back into text.

    Args:
        batch_size: Number of samples of one optimizer step, over all devices and accumulation.
        eval_batch_size: Number of samples of a validation or test batch; it changes the speed only.
        num_workers: Number of processes that read ahead; data in memory is fastest with none.
        seed: Seed of the order and of the augmentation; the split does not depend on it.
        overfit_samples: Number of the first training samples, on which alone the model is trained,
            validated and tested; None: all samples are used.
        allow_synthetic: Whether random samples of the same shape take the place of data that is
            not on this machine.
        mixup: Training samples are mixed in pairs with shares from Beta(mixup, mixup); 0 is none,
            0.2 usual. For classes only.
        poisson: Whether each training batch is a sample of its own, with `batch_size` as its
            expected size, as differential privacy needs it; see `BatchSampler`.
    """

    kind: ClassVar[DataKind]
    """What a sample is; it decides which models can read it."""

    task: ClassVar[TaskName | None] = None
    """The task of the data; None: the usual one of its kind."""

    def __init__(
        self,
        *,
        batch_size: PositiveInt,
        eval_batch_size: PositiveInt = 256,
        num_workers: Count = 0,
        seed: Count = 0,
        overfit_samples: PositiveInt | None = None,
        allow_synthetic: bool = False,
        mixup: NonNegative = 0.0,
        poisson: bool = False,
    ) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.num_workers = num_workers
        self.seed = seed
        self.overfit_samples = overfit_samples
        self.allow_synthetic = allow_synthetic
        self.mixup = mixup
        self.poisson = poisson
        self._splits: DataSplits | None = None

    @abstractmethod
    def load(self) -> DataSplits:
        """Reads the data; the splits are the same in every run.

        A split is a `BatchedDataset`: it has a length, and `split[batch]` gives the inputs and the
        targets of the samples in `batch.index`, a tensor, all at once; there is no collating. If a
        split has `labels`, a tensor with the class of each sample, its classes are counted.
        `DataSplits.report` holds what the user should know of the data: it is shown before a run,
        and recorded.

        Raises:
            DataError: The data is not what the parameters say.
        """

    def fetch(self) -> None:
        """Brings the data to this machine. One process of each machine calls it, if needed.

        Raises:
            DataError: The data could not be brought here; the message says what a person can do.
        """

    def is_here(self) -> bool:
        """Whether the data is on this machine."""
        return True

    def expected_spec(self) -> Spec:
        """The spec of data that is not on this machine yet."""
        raise ValueError(f"{type(self).__name__} does not say its spec before it is loaded")

    def expected_train_samples(self) -> int:
        """Number of training samples of data that is not on this machine yet."""
        raise ValueError(f"{type(self).__name__} does not say its size before it is loaded")

    def source_files(self) -> Sequence[Path]:
        """The files of the user that are read, in order; none where the data comes otherwise."""
        return ()

    @property
    def is_synthetic(self) -> bool:
        """Whether random samples take the place of the data."""
        return self.allow_synthetic and not self.is_here()

    @property
    def splits(self) -> DataSplits:
        """The splits, read when first asked for."""
        if self._splits is None:
            splits = synthetic_splits(self.expected_spec()) if self.is_synthetic else self.load()
            if self.overfit_samples is not None:
                few = FirstSamples(splits.train, self.overfit_samples)
                spec = replace(splits.spec, class_counts=())
                splits = replace(splits, spec=spec, train=few, val=few, test=few)
            self._splits = counted(splits)
        return self._splits

    @property
    def report(self) -> DataReport:
        """What was read, and what was done with it."""
        if not self.is_readable:
            return DataReport(warnings=["the data is not on this machine yet"])
        return self.splits.report

    def fingerprint(self) -> dict[str, str | None]:
        """Facts that tell this data from any other, so that a run is resumed with the same data.

        They do not depend on how samples are drawn: neither on seed nor batches nor workers.

        Returns:
            Sizes of the splits, the shape of a sample, and a digest of the content, which is None
            if the content is neither in files nor in tensors. For files also the version of what
            reads them.
        """
        return dict(self._fingerprint)

    @cached_property
    def _fingerprint(self) -> dict[str, str | None]:
        splits, spec = self.splits, self.spec
        files = [] if self.is_synthetic else self.source_files()
        all_three = (splits.train, splits.val, splits.test)
        return {
            "samples": " + ".join(str(len(part)) for part in all_three),
            "spec": f"{spec.kind} {spec.input_shape}, {spec.num_outputs} outputs",
            "files": str(len(files)),
            "content": files_digest(files) if files else tensors_digest(all_three),
            **({"reader": READER} if files else {}),
        }

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read: the data, or synthetic samples."""
        return self.is_here() or self.allow_synthetic

    @property
    def spec(self) -> Spec:
        """The spec of the data, also of data that is not on this machine yet."""
        return self.splits.spec if self.is_readable else self.expected_spec()

    @property
    def train_samples(self) -> int:
        """Number of training samples."""
        if self.is_readable:
            return len(self.splits.train)
        return min(self.overfit_samples or sys.maxsize, self.expected_train_samples())

    def prepare_data(self) -> None:
        if not self.is_readable:
            self.fetch()

    def setup(self, stage: str) -> None:
        _ = self.splits

    def train_dataloader(self) -> Loader:
        samples = self.splits.train
        if self.mixup:
            samples = Mixup(samples, num_classes=self.spec.num_outputs)
        return self._loader(samples, self.batch_size, shuffle=True)

    def val_dataloader(self) -> Loader:
        return self._eval_loader(self.splits.val)

    def test_dataloader(self) -> Loader:
        return self._eval_loader(self.splits.test)

    def whole_val_dataloader(self) -> Loader:
        """The loader of the whole validation split, also where other processes share the run."""
        sampler = BatchSampler(
            len(self.splits.val), batch_size=self.eval_batch_size, shuffle=False, seed=self.seed
        )
        return Loader(self.splits.val, sampler)

    def _eval_loader(self, samples: BatchedDataset) -> Loader:
        assert self.trainer is not None
        batch_size = max(self.eval_batch_size, self.trainer.world_size)  # a sample for each process
        return self._loader(samples, batch_size, shuffle=False)

    def _loader(self, samples: BatchedDataset, batch_size: int, *, shuffle: bool) -> Loader:
        trainer = self.trainer
        assert trainer is not None
        accumulate = trainer.accumulate_grad_batches if shuffle else 1
        limit = trainer.limit_train_batches if shuffle else None
        sampler = BatchSampler(
            len(samples),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=self.seed,
            stream=self.spec.is_stream,
            mixup=self.mixup if shuffle else 0.0,
            poisson=self.poisson and shuffle,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            accumulate=accumulate,
            limit=limit // accumulate if isinstance(limit, int) else None,
        )
        return Loader(
            samples,
            sampler,
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
        )
