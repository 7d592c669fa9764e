"""Data sets of Hugging Face's `datasets` that lie on this machine. Nothing is fetched or run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from leyden.data.errors import DataError
from leyden.data.fingerprint import files_digest
from leyden.data.folds import Fold, reject_given_validation, with_fold
from leyden.data.hf_splits import choose_splits, files_of, read_splits
from leyden.data.report import DataReport
from leyden.data.split_names import SPLITS, SplitName
from leyden.data.torch_datasets import TorchDatasets
from leyden.errors import suggestion
from leyden.types import Share

if TYPE_CHECKING:
    from datasets import Dataset


class HFDataset(TorchDatasets):
    """Batches of a data set of Hugging Face's `datasets`: mappings of columns to tensors.

    Numbers and images are tensors, texts are lists of texts. It is for LightningModules that read
    such batches; networks read `HFImages`, and tables by `CSVTable`.

    Args:
        path: Folder that `save_to_disk` has written, a folder of Parquet or JSON files named after
            their splits, or one such file.
        train: Name of the training split; None: the one that is named like it, or the only one.
        val: Name of the validation split; None: `validation`, `valid`, `val`, `dev` or `eval`.
        test: Name of the test split; None: the one that is named like it.
        val_share: Share of the training split that is drawn for validation, where there is no split
            for it; the same in every run.
        split: `fold` alone, such as 1/5: a fold of the training split that validates.
        columns: Columns of a batch; None: all.
        options: Parameters of `TorchDatasets`: `batch_size`, `collate_fn` and others.

    Raises:
        DataError: The package is missing, there is no such data, or a column can't be read.
    """

    says_spec_by = "type `data=hf_images`, or of a table `data=csv data.path=FILE.parquet`"
    """What to type where a network is to be built to the data."""

    def __init__(
        self,
        *,
        path: str,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        val_share: Share | None = None,
        split: dict[str, Any] | None = None,
        columns: tuple[str, ...] | None = None,
        **options: Any,
    ) -> None:
        self.path = Path(path).expanduser()
        self.files = files_of(self.path)
        found = read_splits(self.path, self.files)
        chosen = choose_splits(found, {"train": train, "val": val, "test": test})
        self.unused = [name for name, part in found.items() if part not in chosen.values()]
        self.drawn = DataReport()
        fold = Fold.alone(split, "splits are named, or drawn by val_share")
        if fold is not None:
            if val_share is not None:
                raise DataError("val_share", "is not for folds, which validate; leave it out")
            chosen |= with_fold_of(chosen, fold, self.drawn)
        elif val_share is not None:
            chosen |= with_drawn_validation(chosen, val_share)
        self.rows: dict[str, int] = {name: len(chosen[name]) for name in SPLITS if name in chosen}
        parts: dict[str, Any] = {name: tensors(part, columns) for name, part in chosen.items()}
        super().__init__(**parts, **options)

    @cached_property
    def report(self) -> DataReport:
        """What was read."""
        notes = [f"the split `{name}` is not used" for name in self.unused]
        source = {"files": str(len(self.files))}
        return replace(self.drawn, parts=self.rows, source=source, notes=notes)

    def fingerprint(self) -> dict[str, str | None]:
        """Facts that tell the data from any other."""
        samples = " + ".join(str(number) for number in self.rows.values())
        return {"samples": samples, "content": files_digest(self.files)}


def with_fold_of(
    chosen: "Mapping[SplitName, Dataset]", fold: Fold, report: DataReport
) -> "dict[SplitName, Dataset]":
    """The training split in two parts, of which the smaller one is a fold.

    Raises:
        DataError: There is a validation split already, or there are too few rows.
    """
    reject_given_validation(fold, chosen)
    whole, none = chosen["train"], torch.empty(0, dtype=torch.long)
    report.split = "by the names of splits"
    train, val, _ = with_fold([torch.arange(len(whole)), none, none], fold, report)
    return {
        "train": whole.select(train.tolist(), keep_in_memory=True),
        "val": whole.select(val.tolist(), keep_in_memory=True),
    }


def with_drawn_validation(
    chosen: "Mapping[SplitName, Dataset]", share: float
) -> "dict[SplitName, Dataset]":
    """The training split in two parts.

    Raises:
        DataError: There is a validation split already, or too little for two.
    """
    if "val" in chosen:
        raise DataError("val_share", "there is a validation split; leave it out")
    whole = chosen["train"]
    order = torch.randperm(len(whole), generator=torch.Generator().manual_seed(0)).tolist()
    num_val = max(1, round(share * len(whole)))
    if num_val >= len(whole):
        raise DataError("val_share", f"leaves nothing of the {len(whole)} rows to train on")
    val, train = sorted(order[:num_val]), sorted(order[num_val:])
    return {
        "train": whole.select(train, keep_in_memory=True),
        "val": whole.select(val, keep_in_memory=True),
    }


def tensors(part: "Dataset", columns: Sequence[str] | None) -> Any:
    """A split whose samples are mappings of columns to tensors.

    Raises:
        DataError: There is no such column.
    """
    for name in columns or ():
        if name not in part.column_names:
            hint = suggestion(name, part.column_names)
            raise DataError("columns", f"there is no column `{name}`; {hint}")
    chosen = part if columns is None else part.select_columns([*columns])
    return chosen.with_format("torch")
