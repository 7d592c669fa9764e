"""Which `_target_`s a config may name: config is data, and runs no other code.

A target is refused by its text before anything is imported for it, and once more by what it turned
out to be: an alias such as `leyden.data.Path` is not one of ours. The user allows packages of their
own outside the config: in the file of their project (`config.project`), or in the environment, by
`LEYDEN_PACKAGES=my_models,my_data`.
"""

import inspect
import os
import sys
import sysconfig
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from traceback import extract_tb
from typing import Any, Self, get_type_hints

from leyden.compat import lightning_names
from leyden.config.given import GONE, PACKAGE, is_given
from leyden.config.library_parts import ALIAS, LIBRARY_MODULES, is_library_part, refused_name
from leyden.config.project import FILE, add_import_folders, current_project
from leyden.config.renamed import current_target
from leyden.errors import LIKE, suggestion

ALLOWED_MODULES = (
    "leyden.models",
    "leyden.data",
    "leyden.optim",
    "leyden.tasks",
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
    "data": "pytorch_lightning.LightningDataModule",
    "task": "leyden.tasks.Task",
    "metrics": "torchmetrics.Metric",
    "callbacks": "pytorch_lightning.Callback",
    "logger": "pytorch_lightning.loggers.Logger",
    "sweeper": "leyden.sweeps.search.OptunaSearch",
}
"""What the classes named in a group have to be."""

MADE_BY_FUNCTIONS = ("model", "data", "callbacks")
"""Groups whose targets may also be functions that make such a thing."""

PLAIN_DATA = ("torch.utils.data.Dataset", "torch.utils.data.DataLoader")
"""What a data target may also be, or make: `leyden.data.TorchDatasets` wraps it."""


NOT_USERS = ("<frozen", str(Path(__file__).parents[1]), sysconfig.get_path("stdlib") + os.sep)
"""Files whose frames say nothing of why a module of the user's can't be imported."""

NOT_OURS = "is not a class or function of the packages that configs may name"


def user_packages() -> tuple[str, ...]:
    """Packages that the user allows configs to name."""
    project = current_project()
    names = [*packages_of_environment(), *(project.packages if project else ())]
    return tuple(dict.fromkeys(names))


def packages_of_environment() -> tuple[str, ...]:
    """Those that `LEYDEN_PACKAGES` names."""
    names = os.environ.get("LEYDEN_PACKAGES", "").split(",")
    return tuple(name.strip() for name in names if name.strip())


def let_user_packages_be_imported() -> None:
    """Puts the folders of the user's packages on Python's path."""
    project = current_project()
    if packages_of_environment():
        add_import_folders((os.getcwd(),))
    if project is not None and project.packages:
        add_import_folders(project.import_folders)


def is_allowed(path: str) -> bool:
    """Whether a dotted path is one that configs may name: a name in a module, or of the user's."""
    module, _, name = path.rpartition(".")
    if not all(part and not part.startswith("_") for part in path.split(".")):
        return False
    return (module in ALLOWED_MODULES and bool(name)) or is_user_target(path)


def is_user_target(path: str) -> bool:
    """Whether a dotted path lies in a package that the user allows, or is an object of theirs."""
    return is_given(path) or any(path.startswith(f"{package}.") for package in user_packages())


def find_target(path: str) -> Any:
    """The class or function that `path` names.

    Raises:
        ValueError: It is not allowed, does not exist, or is something else under a borrowed name.
    """
    path = current_target(path)
    if is_given(path) and not hasattr(sys.modules.get(PACKAGE), path.rpartition(".")[2]):
        raise ValueError(GONE)
    if not is_allowed(path):
        raise ValueError(f"is not allowed; {_allowed_instead(path)}")
    if not is_user_target(path) and (instead := refused_name(path)):
        raise ValueError(f"is not supported; {instead}")
    let_user_packages_be_imported()
    if is_user_target(path):
        lightning_names.install()
    found = _find(path)
    if inspect.isclass(found) and lightning_names.is_foreign(found):
        raise ValueError("is a class of lightning.pytorch that was imported before leyden.train")
    if not (_is_own(found) if is_user_target(path) else _is_public(found, path)):
        is_alias = path.rpartition(".")[0] in LIBRARY_MODULES and not is_user_target(path)
        raise ValueError(ALIAS if is_alias else NOT_OURS)
    return found


def _allowed_instead(path: str) -> str:
    """What to type instead of a path that is not allowed."""
    package, packages = path.partition(".")[0], user_packages()
    near = get_close_matches(package, packages, n=1, cutoff=LIKE)
    if near and near[0] != package:
        let_user_packages_be_imported()
        if find_spec(near[0]) is not None:
            return f"did you mean `{near[0]}{path.removeprefix(package)}`?"
        said_by = "LEYDEN_PACKAGES" if near[0] in packages_of_environment() else FILE
        return f"{said_by} names `{near[0]}`; did you mean `{package}`?"
    modules = ", ".join(f"{module}.*" for module in (*_shortest(ALLOWED_MODULES), *packages))
    return f"allowed: {modules}; your own: LEYDEN_PACKAGES=package, or `packages` in {FILE}"


def _shortest(modules: tuple[str, ...]) -> list[str]:
    """Modules without those that lie within another."""
    return [module for module in modules if module.rpartition(".")[0] not in modules]


def _is_own(found: Any) -> bool:
    """Whether a class or function was defined in a package that the user allows."""
    is_callable = inspect.isclass(found) or is_function(found)
    return is_callable and is_user_target(f"{found.__module__}.")


def is_function(target: Any) -> bool:
    """Whether a target is a function, or a method that a class has without an object."""
    return inspect.isfunction(target) or inspect.ismethod(target)


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
    holder_path, _, name = path.rpartition(".")
    holder: Any
    try:
        holder = import_module(holder_path)
    except ImportError as error:
        holder = _class_of_users(holder_path)
        if holder is None:
            raise ValueError(f"can't be imported: {_of_import(error)}") from error
    except Exception as error:  # whatever a module of the user's raises when it is imported
        raise ValueError(f"can't be imported: {_of_import(error)}") from error
    if not hasattr(holder, name):
        public = [word for word in vars(holder) if not word.startswith("_")]
        raise ValueError(f"no such name; {suggestion(name, getattr(holder, '__all__', public))}")
    if inspect.isclass(holder):
        kind = inspect.getattr_static(holder, name)
        if not isinstance(kind, classmethod | staticmethod | type):
            raise ValueError("is neither a classmethod nor a staticmethod of its class")
    return getattr(holder, name)


def _of_import(error: Exception) -> str:
    """Where and why the import of a module failed, in a line."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}:{error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [f for f in extract_tb(error.__traceback__) if not f.filename.startswith(NOT_USERS)]
    place = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    kind = "" if isinstance(error, ImportError) else f"{type(error).__name__}: "
    return f"{place}{kind}{str(error).partition(chr(10))[0]}"


def _class_of_users(path: str) -> Any:
    """The class of the user's that a dotted path names; None where it names something else."""
    module_path, _, name = path.rpartition(".")
    if not is_user_target(path):
        return None
    try:
        found = getattr(import_module(module_path), name, None)
    except ImportError:
        return None
    return found if inspect.isclass(found) and _is_own(found) else None


def misplaced(group: str, target: Any) -> str | None:
    """What a target named in `group` should have been, or None if it is right there."""
    if group not in BASES or (is_function(target) and group in MADE_BY_FUNCTIONS):
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
    if issubclass(kind, _class_at(BASES[group])):
        return None
    if group == "data":
        if any(issubclass(kind, _class_at(base)) for base in PLAIN_DATA):
            return None
        return f"must be a {BASES[group]}, or one of {', '.join(PLAIN_DATA)}"
    return f"must be a {BASES[group]}"


def _class_at(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(import_module(module), name)
    return found


def makes_lightning_module(path: str) -> bool:
    """Whether a target is a LightningModule, or a function that says to return one.

    Raises:
        ValueError: See `find_target`.
    """
    return _makes(find_target(path), "pytorch_lightning.LightningModule")


def makes_data_module(path: str) -> bool:
    """Whether a target is a LightningDataModule, or a function that says to return one.

    Raises:
        ValueError: See `find_target`.
    """
    return _makes(find_target(path), "pytorch_lightning.LightningDataModule")


def makes_leyden_data(path: str) -> bool:
    """Whether a target is a subclass of `leyden.data.DataModule`, or a function that makes one.

    A function says it by the type that it returns, or by an attribute `kind`.

    Raises:
        ValueError: See `find_target`.
    """
    target = find_target(path)
    says_kind = is_function(target) and hasattr(target, "kind")
    return says_kind or _makes(target, "leyden.data.DataModule")


def makes_metric(target: Any) -> bool:
    """Whether a target is a class of metrics, by the module of its base: torch is not imported."""
    return inspect.isclass(target) and any(
        base.__module__ == "torchmetrics.metric" for base in target.__mro__
    )


@cache
def _makes(target: Any, base: str) -> bool:
    made = target
    if is_function(target):
        try:
            made = get_type_hints(target).get("return")
        except Exception:  # to resolve a hint is to run the text that someone wrote there
            made = None
        if inspect.ismethod(target) and made in (None, Self):  # as `from_pretrained(cls, ...)`
            made = target.__self__
    return inspect.isclass(made) and issubclass(made, _class_at(base))
