"""Data sets of Hugging Face's `datasets` that lie on this machine. Nothing is fetched or run.

Files are read by pyarrow: the readers of `datasets` would keep a copy of them in a cache.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from leyden.data.errors import DataError
from leyden.data.fingerprint import files_digest
from leyden.data.hf_pairs import pairs_of
from leyden.data.report import DataReport
from leyden.data.split_names import SplitName, split_in_name, split_named
from leyden.data.torch_datasets import TorchDatasets
from leyden.types import Share

if TYPE_CHECKING:
    from datasets import Dataset

NAMES: tuple[SplitName, ...] = ("train", "val", "test")
SUFFIXES = (".parquet", ".jsonl", ".json", ".arrow")


class HFDataset(TorchDatasets):
    """Batches of a data set of Hugging Face's `datasets`: mappings of columns to tensors.

    Numbers are tensors, texts are lists of texts. With `inputs` and `target` a batch is a pair, and
    Leyden's networks are built to it: columns of numbers, arrays, or images of one size.

    Args:
        path: Folder that `save_to_disk` has written, a folder of Parquet or JSON files named after
            their splits, or one such file.
        train: Name of the training split; None: the one that is named like it, or the only one.
        val: Name of the validation split; None: `validation`, `valid`, `val`, `dev` or `eval`.
        test: Name of the test split; None: the one that is named like it.
        val_share: Share of the training split that is drawn for validation, where there is no split
            for it; the same in every run.
        columns: Columns of a batch; None: all.
        inputs: Column, or columns of numbers, that a network reads.
        target: Column that it predicts: classes or a number.
        options: Parameters of `TorchDatasets`: `batch_size`, `collate_fn` and others.

    Raises:
        DataError: The package is missing, there is no such data, or a column can't be read.
    """

    says_spec_by = "name the columns by `data.inputs` and `data.target`"
    """What to type where a network is to be built to the data."""

    def __init__(
        self,
        *,
        path: str,
        train: str | None = None,
        val: str | None = None,
        test: str | None = None,
        val_share: Share | None = None,
        columns: tuple[str, ...] | None = None,
        inputs: str | tuple[str, ...] | None = None,
        target: str | None = None,
        **options: Any,
    ) -> None:
        self.path = Path(path).expanduser()
        self.files = files_of(self.path)
        found = read_splits(self.path, self.files)
        chosen = choose_splits(found, {"train": train, "val": val, "test": test})
        self.unused = [name for name, part in found.items() if part not in chosen.values()]
        if val_share is not None:
            chosen |= with_drawn_validation(chosen, val_share)
        self.rows: dict[str, int] = {name: len(chosen[name]) for name in NAMES if name in chosen}
        parts: Mapping[str, Any]
        if (inputs is None) != (target is None):
            missing = "inputs" if inputs is None else "target"
            raise DataError(missing, "goes with `inputs` and `target` together; name both")
        if inputs is not None and target is not None:
            several = [inputs] if isinstance(inputs, str) else [*inputs]
            parts = pairs_of(chosen, several, target)
        else:
            parts = {name: tensors(part, columns) for name, part in chosen.items()}
        super().__init__(**parts, **options)

    @cached_property
    def report(self) -> DataReport:
        """What was read."""
        notes = [f"the split `{name}` is not used" for name in self.unused]
        return DataReport(parts=self.rows, source={"files": str(len(self.files))}, notes=notes)

    def fingerprint(self) -> dict[str, str | None]:
        """Facts that tell the data from any other."""
        samples = " + ".join(str(number) for number in self.rows.values())
        return {"samples": samples, "content": files_digest(self.files)}


def files_of(path: Path) -> list[Path]:
    """The files of a data set, in order.

    Raises:
        DataError: There are none.
    """
    if path.is_file():
        if path.suffix not in SUFFIXES[:3]:
            raise DataError("path", f"must be a folder, or a file of {', '.join(SUFFIXES[:3])}")
        return [path]
    if not path.is_dir():
        raise DataError("path", "is neither a file nor a folder")
    files = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES)
    if not files:
        raise DataError("path", f"has no file of {', '.join(SUFFIXES)}")
    return files


def read_splits(path: Path, files: Sequence[Path]) -> "dict[str, Dataset]":
    """The splits of a data set by their names.

    Raises:
        DataError: They can't be read.
    """
    try:
        import datasets
    except ModuleNotFoundError as error:
        message = f"needs {error.name} of the extra `hf`: pip install 'leyden[hf]'"
        raise DataError(None, message) from error
    datasets.disable_progress_bars()
    try:
        if any((path / name).is_file() for name in ("dataset_dict.json", "state.json")):
            found = datasets.load_from_disk(str(path))
            return dict(found) if isinstance(found, dict) else {"train": found}
        by_name: dict[str, list[Dataset]] = {}
        for file in files:
            by_name.setdefault(split_of(file, path), []).append(read_file(file))
        return {name: datasets.concatenate_datasets(parts) for name, parts in by_name.items()}
    except DataError:
        raise
    except Exception as error:  # of a file that is damaged, or of another kind
        first = str(error).partition("\n")[0]
        raise DataError("path", f"can't be read: {type(error).__name__}: {first}") from error


def split_of(file: Path, root: Path) -> str:
    """The split of a file: named by its folder or by itself; `train` where nothing names one."""
    inner = file.relative_to(root) if root.is_dir() else Path(file.name)
    for word in (*inner.parts[:-1], inner.stem):
        if found := split_in_name(word):
            return found
    return "train" if len(inner.parts) == 1 and root.is_file() else inner.stem


def read_file(file: Path) -> "Dataset":
    """The rows of a file.

    Raises:
        DataError: It holds no rows.
    """
    from datasets import Dataset

    if file.suffix == ".parquet":
        from pyarrow import parquet

        return Dataset(parquet.read_table(file))
    if file.suffix == ".arrow":
        return Dataset.from_file(str(file))
    text = file.read_text(encoding="utf-8")
    if text.lstrip()[:1] == "[":
        rows = json.loads(text)
    else:
        rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError("path", f"{file.name} has no rows: a JSON object on each line, or a list")
    keys = {frozenset(row) for row in rows}
    if len(keys) > 1:
        some = sorted(frozenset.union(*keys) - frozenset.intersection(*keys))
        raise DataError("path", f"{file.name}: some rows lack `{some[0]}`; write null there")
    return Dataset.from_list(rows)


def choose_splits(
    found: "Mapping[str, Dataset]", names: Mapping[SplitName, str | None]
) -> "dict[SplitName, Dataset]":
    """The splits that are used, by what they are used for.

    Raises:
        DataError: There is no split of a name, or none to train on.
    """
    chosen: dict[SplitName, Dataset] = {}
    for use in NAMES:
        name = names[use]
        if name is None:
            alike = [one for one in found if split_named(one) == use]
            name = alike[0] if alike else None
            if len(alike) > 1:
                raise DataError(use, f"may be any of {', '.join(alike)}; name one")
        elif name not in found:
            raise DataError(use, f"there is no such split; there is {', '.join(found)}")
        if name is not None:
            chosen[use] = found[name]
    if "train" not in chosen:
        if len(found) != 1:
            message = f"none of the splits is named so; name one of {', '.join(found)}"
            raise DataError("train", message)
        chosen = {"train": next(iter(found.values())), **chosen}
    return chosen


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
            there = ", ".join(part.column_names)
            raise DataError("columns", f"there is no column `{name}`; there is {there}")
    chosen = part if columns is None else part.select_columns([*columns])
    return chosen.with_format("torch")
