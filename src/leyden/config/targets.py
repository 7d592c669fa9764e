"""Which `_target_`s a config may name: config is data, and must not run just any code.

A target is refused by its text before anything is imported for it, and once more by what it turned
out to be: an alias such as `leyden.data.Path` is not one of ours. The user allows packages of their
own outside the config, in the environment: `LEYDEN_PACKAGES=my_models,my_data`.
"""

import inspect
import os
import sys
from importlib import import_module
from typing import Any

from leyden.config.problem import suggestion

ROOMS = (
    "leyden.models",
    "leyden.data",
    "leyden.optim",
    "leyden.callbacks",
    "leyden.loggers",
    "leyden.sweeps.launchers",
    "leyden.sweeps.search",
    "pytorch_lightning.callbacks",
    "pytorch_lightning.loggers",
    "torch.nn",
    "torch.optim",
)

BASES = {
    "model": "torch.nn.Module",
    "data": "leyden.data.DataModule",
    "callbacks": "pytorch_lightning.Callback",
    "logger": "pytorch_lightning.loggers.Logger",
}
"""What the classes named in a group have to be."""


def user_packages() -> tuple[str, ...]:
    """Packages that the user allows configs to name."""
    names = os.environ.get("LEYDEN_PACKAGES", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def is_allowed(path: str) -> bool:
    """Whether a dotted path lies in one of the rooms that configs may name."""
    parts_are_public = all(part and not part.startswith("_") for part in path.split("."))
    return parts_are_public and any(
        path.startswith(f"{room}.") for room in (*ROOMS, *user_packages())
    )


def resolve(path: str) -> Any:
    """The class or function that `path` names.

    Raises:
        ValueError: It is not allowed, does not exist, or is something else under a borrowed name.
    """
    if not is_allowed(path):
        rooms = ", ".join(f"{room}.*" for room in (*ROOMS, *user_packages()))
        raise ValueError(f"is not allowed; allowed: {rooms}; your own: LEYDEN_PACKAGES=package")
    if user_packages() and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found = _find(path)
    home = f"{found.__module__}." if inspect.isclass(found) or inspect.isfunction(found) else ""
    if not is_allowed(f"{home}x"):
        raise ValueError("is not a class or function of the packages that configs may name")
    return found


def _find(path: str) -> Any:
    module_path, _, name = path.rpartition(".")
    try:
        module = import_module(module_path)
    except ImportError as error:
        raise ValueError(f"can't be imported: {error}") from error
    if not hasattr(module, name):
        public = [word for word in vars(module) if not word.startswith("_")]
        raise ValueError(f"no such name; {suggestion(name, getattr(module, '__all__', public))}")
    return getattr(module, name)


def misplaced(group: str, target: Any) -> str | None:
    """What a target named in `group` should have been, or None if it is right there."""
    if group not in BASES or inspect.isfunction(target):
        return None
    module, _, name = BASES[group].rpartition(".")
    base = getattr(import_module(module), name)
    return None if issubclass(target, base) else f"must be a {BASES[group]}"
