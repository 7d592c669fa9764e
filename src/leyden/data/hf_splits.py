"""The splits of a data set of Hugging Face's `datasets` that lies on this machine.

Parquet is read by pyarrow and JSON by Python's `json`: the readers of `datasets` would keep a copy
of the files in a cache.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from leyden.data.errors import DataError
from leyden.data.split_names import SPLITS, SplitName, split_in_name, split_named
from leyden.errors import suggestion

if TYPE_CHECKING:
    from datasets import Dataset

SUFFIXES = (".parquet", ".jsonl", ".json", ".arrow")


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
    """The split that a folder or the name of a file states.

    Otherwise `train` of a file alone, and the file's own name of one within a folder.
    """
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
        DataError: A split that is named does not exist, or none is there to train on.
    """
    chosen: dict[SplitName, Dataset] = {}
    for use in SPLITS:
        name = names[use]
        if name is None:
            alike = [one for one in found if split_named(one) == use]
            name = alike[0] if alike else None
            if len(alike) > 1:
                raise DataError(use, f"may be any of {', '.join(alike)}; name one")
        elif name not in found:
            raise DataError(use, f"there is no such split; {suggestion(name, found)}")
        if name is not None:
            chosen[use] = found[name]
    if "train" not in chosen:
        if len(found) != 1:
            message = f"no split is named `train`; name one of {', '.join(found)}"
            raise DataError("train", message)
        chosen = {"train": next(iter(found.values())), **chosen}
    return chosen
