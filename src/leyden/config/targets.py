"""Which `_target_`s a config may name, and calling them: config is data, and runs no other code.

A target is refused by its text before anything is imported for it, and once more by what it turned
out to be: an alias such as `leyden.data.Path` is not one of ours. The user allows packages of their
own outside the config, in the environment: `LEYDEN_PACKAGES=my_models,my_data`.
"""

import inspect
import os
import sys
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from leyden.config.library_parts import ALIAS, LIBRARY_MODULES, is_library_part, refused_name
from leyden.config.renamed import current_target
from leyden.errors import LIKE, suggestion

ALLOWED_MODULES = (
    "leyden.models",
    "leyden.data",
    "leyden.optim",
    "leyden.callbacks",
    "leyden.loggers",
    "leyden.sweeps.launchers",
    "leyden.sweeps.search",
    "pytorch_lightning.callbacks",
    "pytorch_lightning.loggers",
    *LIBRARY_MODULES,
)
"""Modules whose public classes, and whose functions where they list them, configs may name."""

BASES = {
    "model": "torch.nn.Module",
    "data": "leyden.data.DataModule",
    "callbacks": "pytorch_lightning.Callback",
    "logger": "pytorch_lightning.loggers.Logger",
    "sweeper": "leyden.sweeps.search.OptunaSearch",
}
"""What the classes named in a group have to be."""

MADE_BY_FUNCTIONS = ("model", "data", "callbacks")
"""Groups whose targets may also be functions that make such a thing."""

NOT_YET = {
    "model": (
        "pytorch_lightning.LightningModule",
        "a LightningModule is not supported yet; name a torch.nn.Module, whose forward pass gives"
        " the outputs: Leyden adds loss, metrics and optimizer",
    ),
    "data": (
        "pytorch_lightning.LightningDataModule",
        "a LightningDataModule is not supported yet; derive the class from leyden.data.DataModule",
    ),
}
"""What passes for what a group names, or comes near it, and is none of it."""


NOT_OURS = "is not a class or function of the packages that configs may name"


def user_packages() -> tuple[str, ...]:
    """Packages that the user allows configs to name."""
    names = os.environ.get("LEYDEN_PACKAGES", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def is_allowed(path: str) -> bool:
    """Whether a dotted path is one that configs may name: a name in a module, or of the user's."""
    module, _, name = path.rpartition(".")
    if not all(part and not part.startswith("_") for part in path.split(".")):
        return False
    return (module in ALLOWED_MODULES and bool(name)) or is_user_target(path)


def is_user_target(path: str) -> bool:
    """Whether a dotted path lies in a package that the user allows."""
    return any(path.startswith(f"{package}.") for package in user_packages())


def find_target(path: str) -> Any:
    """The class or function that `path` names.

    Raises:
        ValueError: It is not allowed, does not exist, or is something else under a borrowed name.
    """
    path = current_target(path)
    if not is_allowed(path):
        raise ValueError(f"is not allowed; {_allowed_instead(path)}")
    if not is_user_target(path) and (instead := refused_name(path)):
        raise ValueError(f"is not supported; {instead}")
    if user_packages() and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    found = _find(path)
    if not (_is_own(found) if is_user_target(path) else _is_public(found, path)):
        is_alias = path.rpartition(".")[0] in LIBRARY_MODULES and not is_user_target(path)
        raise ValueError(ALIAS if is_alias else NOT_OURS)
    return found


def _allowed_instead(path: str) -> str:
    """What to type instead of a path that is not allowed."""
    package, packages = path.partition(".")[0], user_packages()
    near = get_close_matches(package, packages, n=1, cutoff=LIKE)
    if near and near[0] != package:
        return f"LEYDEN_PACKAGES names `{near[0]}`; did you mean `{package}`?"
    modules = ", ".join(f"{module}.*" for module in (*_shortest(ALLOWED_MODULES), *packages))
    return f"allowed: {modules}; your own: LEYDEN_PACKAGES=package"


def _shortest(modules: tuple[str, ...]) -> list[str]:
    """Modules without those that lie within another."""
    return [module for module in modules if module.rpartition(".")[0] not in modules]


def _is_own(found: Any) -> bool:
    """Whether a class or function was defined in a package that the user allows."""
    is_callable = inspect.isclass(found) or inspect.isfunction(found)
    return is_callable and is_user_target(f"{found.__module__}.")


def _is_public(found: Any, path: str) -> bool:
    """Whether a module offers a class or function, and the package of the module has defined it."""
    module, _, name = path.rpartition(".")
    if module in LIBRARY_MODULES:
        return is_library_part(found, path)
    if not (inspect.isclass(found) or inspect.isfunction(found)):
        return False
    listed = getattr(sys.modules[module], "__all__", None)
    is_offered = inspect.isclass(found) if listed is None else name in listed
    return is_offered and found.__module__.partition(".")[0] == module.partition(".")[0]


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
    if group not in BASES or (inspect.isfunction(target) and group in MADE_BY_FUNCTIONS):
        return None
    if not inspect.isclass(target):
        return f"must be a {BASES[group]}"
    wrong = _misplaced_class(group, target)
    if wrong is None and inspect.isabstract(target):
        missing = ", ".join(sorted(getattr(target, "__abstractmethods__", ())))
        return f"is abstract: it does not define {missing}"
    return wrong


def misplaced_object(group: str, made: Any) -> str | None:
    """What the object that a target of `group` has made should have been, or None."""
    wrong = _misplaced_class(group, type(made))
    return wrong and f"its target makes an object of the class {type(made).__name__}; {wrong}"


def _misplaced_class(group: str, kind: type) -> str | None:
    is_it = issubclass(kind, _class_at(BASES[group]))
    not_yet, message = NOT_YET.get(group, (None, ""))
    # Leyden's data sets are LightningDataModules, and a LightningModule is a torch.nn.Module.
    if not_yet and (group == "model" or not is_it) and issubclass(kind, _class_at(not_yet)):
        return message
    return None if is_it else f"must be a {BASES[group]}"


def _class_at(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(import_module(module), name)
    return found


def nested_target(arguments: Any, path: str = "") -> str | None:
    """Where a `_target_` stands within arguments: there it would make nothing, so it is refused."""
    if isinstance(arguments, dict):
        if "_target_" in arguments:
            return path
        inner = ((f"{path}.{key}".lstrip("."), value) for key, value in arguments.items())
    elif isinstance(arguments, list | tuple):
        inner = ((f"{path}[{place}]", value) for place, value in enumerate(arguments))
    else:
        return None
    return next((found for at, value in inner if (found := nested_target(value, at))), None)


def make(node: DictConfig, **arguments: Any) -> Any:
    """Calls a node's `_target_`; with `_partial_`, leaves the call to others.

    Not Hydra's `instantiate`: that knows no list of the allowed, turns the tuples that
    constructors ask for into lists, and wraps the errors that they raise.

    Args:
        node: Node of the config; its other keys are arguments; lists become tuples.
        arguments: Come with the node's own, or in their place.

    Raises:
        ValueError: Configs may not name its target, or one within its arguments.
    """
    given = cast(dict[str, Any], OmegaConf.to_container(node, resolve=True))
    target = find_target(str(given.pop("_target_")))
    if within := nested_target(given):
        raise ValueError(f"`{within}` has a `_target_`, which may only stand at the top of a part")
    is_partial = given.pop("_partial_", False)
    tuples = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    call = partial(target, **{**given, **tuples, **arguments})
    return call if is_partial else call()
