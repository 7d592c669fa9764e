"""Imports torchmetrics, which Lightning needs, without what its root offers under deprecated names.

For these it would load torchvision, transformers and half of SciPy, which take as long as all else
that Lightning imports besides torch. They are loaded when they are first asked for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

NAME = "torchmetrics"
ROOTS = (NAME, f"{NAME}.functional")
DOMAINS = ("audio", "detection", "image", "retrieval", "text")
DEFERRED = (
    *(f"{root}.{domain}._deprecated" for root in ROOTS for domain in DOMAINS),
    f"{NAME}.functional.multimodal",
)
"""Modules that the roots take names from."""

PATCHED = "scipy.signal"
"""Gets a function that SciPy has dropped; `torchmetrics.audio`, which needs it, adds it again."""


def install() -> None:
    """Has the first import of torchmetrics in this process, whoever does it, be a light one."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Finds torchmetrics alone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name) if name == NAME else None
        if spec is None or not isinstance(spec.loader, SourceFileLoader):
            return None
        spec.loader = _Loader(name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Loads it beside stand-ins for the deferred modules."""

    def exec_module(self, module: ModuleType) -> None:
        with _stand_ins(Path(self.path).parents[1]):
            super().exec_module(module)
        for root in ROOTS:
            _defer(sys.modules[root])


@contextmanager
def _stand_ins(packages: Path) -> Iterator[None]:
    """Puts them where `import` looks first.

    Args:
        packages: Folder of all packages; what is not there, as in another version, is let be.
    """
    there = [name for name in DEFERRED if _is_in(packages, name)]
    names = [name for name in (*there, PATCHED) if name not in sys.modules]
    sys.modules |= {name: _StandIn(name) for name in names}
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


def _is_in(packages: Path, name: str) -> bool:
    path = packages.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


class _StandIn(ModuleType):
    """Offers any name."""

    def __getattr__(self, name: str) -> "_Deferred":
        if name.startswith("__"):
            raise AttributeError(name)
        return _Deferred(self.__name__, name)


@dataclass(frozen=True)
class _Deferred:
    """What a module that is not loaded yet will offer under a name."""

    module: str
    name: str


def _defer(root: ModuleType) -> None:
    """Has a root load what it was to offer when that is asked for (PEP 562)."""
    found = {name: one for name, one in vars(root).items() if isinstance(one, _Deferred)}
    for name in found:
        delattr(root, name)
    inner = {one.module.removeprefix(f"{root.__name__}.").split(".")[0] for one in found.values()}

    def load(name: str) -> Any:
        if name in found:
            vars(root)[name] = getattr(import_module(found[name].module), found[name].name)
            return vars(root)[name]
        if name in inner:
            return import_module(f"{root.__name__}.{name}")
        raise AttributeError(f"module {root.__name__!r} has no attribute {name!r}")

    vars(root)["__getattr__"] = load
