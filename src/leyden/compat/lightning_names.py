"""One Lightning under both of its names.

`lightning.pytorch` and `pytorch_lightning` are the same code, published twice; their classes are
not the same, so that a Trainer of the one refuses a module of the other. Users' code that says
`import lightning as L` or `from lightning.pytorch import ...` gets the modules of
`pytorch_lightning` and `lightning_fabric` here, also where the package `lightning` is not there.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

ROOT = "lightning"
NAMES = {f"{ROOT}.pytorch": "pytorch_lightning", f"{ROOT}.fabric": "lightning_fabric"}
OFFERED = ("Callback", "LightningDataModule", "LightningModule", "Trainer", "seed_everything")
"""What `lightning` itself offers of Lightning's, beside `Fabric`."""


def install() -> None:
    """Lets later imports in this process find them; what was imported before stays as it is."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def is_foreign(cls: type) -> bool:
    """Whether a class is derived from one that was imported by the other name before."""
    return any(base.__module__.startswith(f"{ROOT}.pytorch") for base in cls.__mro__)


class _Finder:
    """Finds the modules by their other name."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == ROOT and PathFinder.find_spec(ROOT) is None:
            return ModuleSpec(ROOT, _Root(), is_package=True)
        for other, own in NAMES.items():
            if name == other or name.startswith(f"{other}."):
                return ModuleSpec(name, _Alias(own + name.removeprefix(other)))
        return None


class _Alias(Loader):
    """Gives a module that is there under another name."""

    def __init__(self, own: str) -> None:
        self.own = own
        self.spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self.own)
        self.spec = module.__spec__  # the import system is about to replace it
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.spec


class _Root(Loader):
    """Makes the package `lightning` where it is not installed."""

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        own = import_module("pytorch_lightning")
        for name in OFFERED:
            setattr(module, name, getattr(own, name))
        vars(module)["Fabric"] = import_module("lightning_fabric").Fabric
        vars(module)["__version__"] = own.__version__
        for name, other in NAMES.items():
            setattr(module, name.rpartition(".")[2], import_module(other))
