"""The loaders of a LightningModule that has them itself."""

from typing import Any, ClassVar

from pytorch_lightning import LightningDataModule
from pytorch_lightning.utilities.model_helpers import is_overridden

from leyden.data.folds import NOT_OF_LOADERS


class ModuleLoaders(LightningDataModule):
    """Gives the loaders of the LightningModule that is trained: it has no data set beside it."""

    no_folds: ClassVar[str] = NOT_OF_LOADERS

    def train_dataloader(self) -> Any:
        return self._of_module("train_dataloader")

    def val_dataloader(self) -> Any:
        return self._of_module("val_dataloader")

    def test_dataloader(self) -> Any:
        return self._of_module("test_dataloader")

    def gives(self, loader: str) -> bool:
        """Whether the module has a loader of this name."""
        assert self.trainer is not None
        return is_overridden(loader, self.trainer.lightning_module)

    def _of_module(self, loader: str) -> Any:
        assert self.trainer is not None
        return getattr(self.trainer.lightning_module, loader)() if self.gives(loader) else []
