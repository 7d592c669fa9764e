"""What every data set shares: three parts, their loaders, and the spec that models are built to."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor

from leyden.data.batches import Batch, BatchedDataset, BatchIndices, BatchSampler, Mixup
from leyden.data.fingerprint import READER, files_digest, tensors_digest
from leyden.data.loader import Loader
from leyden.data.report import DataReport
from leyden.data.spec import DataKind, Spec, TaskName
from leyden.data.splits import DataSplits
from leyden.data.synthetic import synthetic_splits
from leyden.types import Count, NonNegative, PositiveInt


@dataclass(frozen=True)
class FirstSamples:
    """The first `length` samples of a part."""

    samples: BatchedDataset
    length: int

    def __len__(self) -> int:
        return min(self.length, len(self.samples))

    @property
    def labels(self) -> Tensor | None:
        """Class of each sample, where the part knows them."""
        labels = getattr(self.samples, "labels", None)
        return None if labels is None else labels[: self.length]

    def __getitem__(self, batch: BatchIndices) -> Batch:
        return self.samples[batch]


def count_samples(parts: DataSplits) -> None:
    """Notes the sizes of the parts, and of the classes where parts have `labels`."""
    report, spec = parts.report, parts.spec
    report.parts = {name: len(samples) for name, samples in parts}
    if spec.task_name != "classification":
        return
    for name, samples in parts:
        labels = getattr(samples, "labels", None)
        if not isinstance(labels, Tensor) or labels.dtype != torch.long or labels.ndim != 1:
            continue
        for code in range(spec.num_outputs):
            label = spec.class_names[code] if code < len(spec.class_names) else str(code)
            report.classes.setdefault(label, {})[name] = int((labels == code).sum())


class DataModule(LightningDataModule, ABC):
    """Base of all data sets. A data set says its `kind` and how to `load` its parts.

    One that has to be fetched also says how to `fetch` it, whether it `is_here`, its
    `expected_spec` and its `expected_train_samples`.

    Args:
        batch_size: Samples of one optimizer step, over all devices and accumulation.
        eval_batch_size: Samples of one validation or test batch; it changes the speed only.
        num_workers: Processes that read ahead; sets held in memory are fastest with none.
        seed: Decides the order and the augmentation, not the split.
        overfit_samples: Train, validate and test on the first samples of the training part only.
        allow_synthetic: Where the set is not on this machine, take random samples of its shape.
        mixup: Training samples are mixed in pairs with shares from Beta(mixup, mixup); 0 is none,
            0.2 usual. For classes only.
    """

    kind: ClassVar[DataKind]
    task: ClassVar[TaskName | None] = None
    """None: what is done with data of this kind."""

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
    ) -> None:
        super().__init__()
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.num_workers = num_workers
        self.seed = seed
        self.overfit_samples = overfit_samples
        self.allow_synthetic = allow_synthetic
        self.mixup = mixup
        self._parts: DataSplits | None = None

    @abstractmethod
    def load(self) -> DataSplits:
        """Reads the parts. The split is the same in every run.

        A part has a length, and `part[batch]` gives the batch (inputs, targets) of the samples in
        `batch.index`, a tensor; all at once, there is no collating. Of a part with `labels`, a
        tensor of classes, these are counted. What the user should know of the data stands in
        `DataSplits.report`: it is shown before a run, and recorded.

        Raises:
            DataError: The data is not what the parameters say.
        """

    def fetch(self) -> None:
        """Brings the data to this machine; called on one process of each, and only if needed.

        Raises:
            DataError: Says what a person can do.
        """

    def is_here(self) -> bool:
        """Whether the data is on this machine; a set that has to be fetched overrides it."""
        return True

    def expected_spec(self) -> Spec:
        """The spec of a set that is not here yet."""
        raise ValueError(f"{type(self).__name__} does not say its spec before it is loaded")

    def expected_train_samples(self) -> int:
        """The size of the training part of a set that is not here yet."""
        raise ValueError(f"{type(self).__name__} does not say its size before it is loaded")

    def source_files(self) -> Sequence[Path]:
        """The files that are read, of data that is in files of the user's; others have none."""
        return ()

    @property
    def is_synthetic(self) -> bool:
        """Whether random samples take the place of the data."""
        return self.allow_synthetic and not self.is_here()

    @property
    def parts(self) -> DataSplits:
        """The parts, read when first asked for."""
        if self._parts is None:
            parts = synthetic_splits(self.expected_spec()) if self.is_synthetic else self.load()
            if self.overfit_samples is not None:
                few = FirstSamples(parts.train, self.overfit_samples)
                parts = DataSplits(parts.spec, few, few, few, parts.report)
            count_samples(parts)
            self._parts = parts
        return self._parts

    @property
    def report(self) -> DataReport:
        """What was read, and what was done with it."""
        if not self.is_readable:
            return DataReport(warnings=["the data is not on this machine yet"])
        report = self.parts.report
        if self.is_synthetic:
            report.warnings = ["the data is not on this machine: random samples of its shape"]
        return report

    def fingerprint(self) -> dict[str, str | None]:
        """Tells this content from any other: whether a run goes on with the data it began with.

        It does not depend on how samples are drawn: neither on seed nor batches nor workers.

        Returns:
            Sizes of the parts, the shape of a sample, and a digest of the content; None where it
            is neither in files nor in tensors. Of files also the version of what reads them.
        """
        return dict(self._fingerprint)

    @cached_property
    def _fingerprint(self) -> dict[str, str | None]:
        parts, spec = self.parts, self.spec
        files = [] if self.is_synthetic else self.source_files()
        all_three = (parts.train, parts.val, parts.test)
        return {
            "samples": " + ".join(str(len(part)) for part in all_three),
            "spec": f"{spec.kind} {spec.input_shape}, {spec.num_outputs} outputs",
            "files": str(len(files)),
            "content": files_digest(files) if files else tensors_digest(all_three),
            **({"reader": READER} if files else {}),
        }

    @property
    def is_readable(self) -> bool:
        """Whether there is something to read: the data, or what stands in."""
        return self.is_here() or self.allow_synthetic

    @property
    def spec(self) -> Spec:
        return self.parts.spec if self.is_readable else self.expected_spec()

    @property
    def train_samples(self) -> int:
        """Size of the training part."""
        if self.is_readable:
            return len(self.parts.train)
        return min(self.overfit_samples or sys.maxsize, self.expected_train_samples())

    def prepare_data(self) -> None:
        if not self.is_readable:
            self.fetch()

    def setup(self, stage: str) -> None:
        _ = self.parts

    def train_dataloader(self) -> Loader:
        samples = self.parts.train
        if self.mixup:
            samples = Mixup(samples, num_classes=self.spec.num_outputs)
        return self._loader(samples, self.batch_size, shuffle=True)

    def val_dataloader(self) -> Loader:
        return self._eval_loader(self.parts.val)

    def test_dataloader(self) -> Loader:
        return self._eval_loader(self.parts.test)

    def whole_val_dataloader(self) -> Loader:
        """Of the whole validation part, also where other processes share the run."""
        order = BatchSampler(
            len(self.parts.val), batch_size=self.eval_batch_size, shuffle=False, seed=self.seed
        )
        return Loader(self.parts.val, order)

    def _eval_loader(self, samples: BatchedDataset) -> Loader:
        assert self.trainer is not None
        each_has_one = max(self.eval_batch_size, self.trainer.world_size)
        return self._loader(samples, each_has_one, shuffle=False)

    def _loader(self, samples: BatchedDataset, batch_size: int, *, shuffle: bool) -> Loader:
        trainer = self.trainer
        assert trainer is not None
        accumulate = trainer.accumulate_grad_batches if shuffle else 1
        limit = trainer.limit_train_batches if shuffle else None
        order = BatchSampler(
            len(samples),
            batch_size=batch_size,
            shuffle=shuffle,
            seed=self.seed,
            stream=self.spec.is_stream,
            mixup=self.mixup if shuffle else 0.0,
            rank=trainer.global_rank,
            world_size=trainer.world_size,
            accumulate=accumulate,
            limit=limit // accumulate if isinstance(limit, int) else None,
        )
        return Loader(
            samples,
            order,
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
        )
