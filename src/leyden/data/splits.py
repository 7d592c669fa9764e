"""The training, validation and test split of a data set."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from leyden.data.batches import Batch, BatchedDataset, BatchIndices
from leyden.data.preparation import Preparation
from leyden.data.report import DataReport
from leyden.data.spec import Spec
from leyden.data.split_names import SplitName


@dataclass(frozen=True)
class DataSplits:
    """A data set that was read: its spec, its three splits, and a report for the user.

    Attributes:
        spec: Shapes of the samples; models are built to it.
        train: Samples to train on.
        val: Samples to validate on.
        test: Samples to test on.
        report: Description of what was read, and of what was done with it.
        preparation: How samples were made of what was read, for inputs that come later; None: it
            is not known.
    """

    spec: Spec
    train: BatchedDataset
    val: BatchedDataset
    test: BatchedDataset
    report: DataReport = field(default_factory=DataReport)
    preparation: Preparation | None = None

    def __iter__(self) -> Iterator[tuple[SplitName, BatchedDataset]]:
        """The splits with their names."""
        yield from (("train", self.train), ("val", self.val), ("test", self.test))


@dataclass(frozen=True)
class FirstSamples:
    """The first samples of a split.

    Attributes:
        samples: The split.
        length: Largest number of samples.
    """

    samples: BatchedDataset
    length: int

    def __len__(self) -> int:
        return min(self.length, len(self.samples))

    @property
    def labels(self) -> Tensor | None:
        """Class of each sample, where the split has them."""
        labels = getattr(self.samples, "labels", None)
        return None if labels is None else labels[: self.length]

    def __getitem__(self, batch: BatchIndices) -> Batch:
        return self.samples[batch]


def counted(splits: DataSplits) -> DataSplits:
    """The splits with their sizes, and those of the classes where splits have `labels`.

    Splits that were counted already are returned themselves.
    """
    report, spec = splits.report, splits.spec
    report.parts = {name: len(samples) for name, samples in splits}
    if spec.task_name != "classification":
        return splits
    counts: dict[str, list[int]] = {}
    for name, samples in splits:
        labels = getattr(samples, "labels", None)
        if not isinstance(labels, Tensor) or labels.dtype != torch.long or labels.ndim != 1:
            continue
        counts[name] = [int((labels == code).sum()) for code in range(spec.num_outputs)]
        for code, count in enumerate(counts[name]):
            label = spec.class_names[code] if code < len(spec.class_names) else str(code)
            report.classes.setdefault(label, {})[name] = count
    of_train = tuple(counts.get("train", ()))
    if of_train == spec.class_counts:
        return splits
    return replace(splits, spec=replace(spec, class_counts=of_train))
