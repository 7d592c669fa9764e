"""Datasets and loaders of torch as a LightningDataModule."""

from collections.abc import Callable, Mapping
from typing import Any

from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from leyden.data.errors import DataError
from leyden.types import Count, PositiveInt

PARTS = ("train", "val", "test")


class TorchDatasets(LightningDataModule):
    """Gives the batches of torch datasets: map-style ones, iterable ones, or loaders as they are.

    Training samples are shuffled, but those of an iterable dataset, which has an order of its own.

    Args:
        train: Training part: a torch Dataset or DataLoader.
        val: Validation part, or a list of several; None: there is no validation.
        test: Test part, or a list of several; None: there is no test.
        batch_size: Number of samples of a batch on one device.
        eval_batch_size: Number of samples of a validation or test batch; None: `batch_size`.
        num_workers: Number of processes that read ahead.
        collate_fn: Makes a batch of a list of samples; None: torch's default.
        drop_last: Whether the last, smaller training batch of an epoch is left out.
        pin_memory: Whether batches are copied into page-locked memory, for a faster way to a GPU.
        persistent_workers: Whether processes that read ahead stay for the whole run. A run whose
            samples are random can't be resumed exactly then.
    """

    def __init__(
        self,
        train: Any,
        val: Any = None,
        test: Any = None,
        *,
        batch_size: PositiveInt = 32,
        eval_batch_size: PositiveInt | None = None,
        num_workers: Count = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        drop_last: bool = False,
        pin_memory: bool = False,
        persistent_workers: bool = False,
    ) -> None:
        super().__init__()
        self.parts = {"train": train, "val": val, "test": test}
        for name, part in self.parts.items():
            require_datasets(name, part)
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size or batch_size
        self.drop_last = drop_last
        self.options: dict[str, Any] = {
            "num_workers": num_workers,
            "collate_fn": collate_fn,
            "pin_memory": pin_memory,
            "persistent_workers": persistent_workers and num_workers > 0,
        }

    @property
    def spec(self) -> Any:
        """What a sample is, where the training part says it by an attribute `spec`."""
        return getattr(self.parts["train"], "spec", None)

    def train_dataloader(self) -> Any:
        return self._loaders(self.parts["train"], is_training=True)

    def val_dataloader(self) -> Any:
        return self._loaders(self.parts["val"], is_training=False)

    def test_dataloader(self) -> Any:
        return self._loaders(self.parts["test"], is_training=False)

    def gives(self, loader: str) -> bool:
        """Whether there is a part for a loader such as `val_dataloader`."""
        return self.parts[loader.removesuffix("_dataloader")] is not None

    def _loaders(self, part: Any, *, is_training: bool) -> Any:
        if part is None:
            return []
        if isinstance(part, list | tuple):
            return [self._loaders(one, is_training=is_training) for one in part]
        if isinstance(part, Mapping):
            return {name: self._loaders(one, is_training=is_training) for name, one in part.items()}
        if isinstance(part, DataLoader):
            return part
        has_own_order = isinstance(part, IterableDataset)
        return DataLoader(
            part,
            batch_size=self.batch_size if is_training else self.eval_batch_size,
            shuffle=is_training and not has_own_order,
            drop_last=is_training and self.drop_last and not has_own_order,
            **self.options,
        )


def require_datasets(name: str, part: Any) -> None:
    """Raises `DataError` unless a part is a dataset, a loader, or several of them."""
    if part is None and name != "train":
        return
    if isinstance(part, Mapping | list | tuple):
        for one in part.values() if isinstance(part, Mapping) else part:
            require_datasets(name, one)
        if not part:
            raise DataError(None, f"its {name} part is empty")
    elif not (isinstance(part, Dataset | DataLoader) or is_map_style(part)):
        given = "nothing" if part is None else f"an object of the class {type(part).__name__}"
        message = f"its {name} part is {given}; it must be a torch Dataset or DataLoader"
        raise DataError(None, message)


def is_map_style(part: Any) -> bool:
    """Whether a part can be read like a torch Dataset, as those of Hugging Face can."""
    kind = type(part)
    has_samples = hasattr(kind, "__getitem__") and hasattr(kind, "__len__")
    return has_samples and not isinstance(part, str | bytes | Tensor)


def as_data_module(made: Any, options: Mapping[str, Any]) -> LightningDataModule:
    """What a target has made, as a LightningDataModule.

    Args:
        made: A torch Dataset or DataLoader; or two or three of them, training part first; or a
            mapping of them by the names `train`, `val` and `test`.
        options: Parameters of `TorchDatasets` besides the parts.

    Raises:
        DataError: It is something else.
    """
    if isinstance(made, Mapping):
        if not made.keys() <= set(PARTS):
            names = ", ".join(map(str, made))
            message = f"its target makes a mapping of {names}; it must be of train, val, test"
            raise DataError(None, message)
        return TorchDatasets(**{"train": None, **made}, **options)
    if isinstance(made, tuple | list):
        if not 1 <= len(made) <= len(PARTS):
            message = f"its target makes {len(made)} parts; there are up to three: train, val, test"
            raise DataError(None, message)
        return TorchDatasets(**dict(zip(PARTS, made, strict=False)), **options)
    return TorchDatasets(made, **options)
