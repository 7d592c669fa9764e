"""Objects that Python gives in the place of a config's node: functions that this process alone has.

A config holds text. So an object gets a name in a module that is made here, as if the user had a
package with a function that returns it; another process does not have it, and says so.
"""

import sys
from collections.abc import Sequence
from copy import deepcopy
from inspect import Parameter, Signature
from itertools import count
from types import ModuleType
from typing import Any

PACKAGE = "given_from_python"
GONE = (
    "was an object of Python, which a config can't make; give it again:"
    " leyden.train(..., model=..., data=...)"
)
SAID_BY_CLASSES = ("kind", "kinds", "task", "forward_with_state")
"""What planning asks the class of a part for."""

_numbers = count(1)


def give(group: str, thing: object, *, settings: Sequence[str] = ()) -> str:
    """Names an object, and gives the target by which a config makes a copy of it.

    Each attempt of a run begins with a copy as it was when it was given.

    Args:
        group: What it takes the place of, such as `model`.
        thing: A network, a LightningModule, a data set, a callback.
        settings: Attributes of it that a config may set.
    """
    module = sys.modules.setdefault(PACKAGE, ModuleType(PACKAGE))
    kept = deepcopy(thing)

    def make(**values: Any) -> Any:
        made = deepcopy(kept)
        for key, value in values.items():
            setattr(made, key, value)
        return made

    vars(make)["__signature__"] = Signature(
        [Parameter(one, Parameter.KEYWORD_ONLY, default=getattr(thing, one)) for one in settings]
    )
    name = f"{type(thing).__name__}_{group}_{next(_numbers)}".lstrip("_")
    make.__module__, make.__name__, make.__qualname__ = PACKAGE, name, name
    make.__annotations__ = {"return": type(thing)}
    for said in SAID_BY_CLASSES:
        if hasattr(thing, said):
            setattr(make, said, getattr(thing, said))
    setattr(module, name, make)
    return f"{PACKAGE}.{name}"


def is_given(path: str) -> bool:
    """Whether a target names an object of Python, here or in another process."""
    return path.startswith(f"{PACKAGE}.")


def given_in(node: Any, key: str = "") -> list[str]:
    """Keys of a config whose objects Python has given.

    Args:
        node: The config, or a node of it, as plain values.
        key: Key of the node.
    """
    if isinstance(node, dict):
        if is_given(str(node.get("_target_"))):
            return [key]
        parts = [(f"{key}.{name}" if key else str(name), inner) for name, inner in node.items()]
        return [one for path, inner in parts for one in given_in(inner, path)]
    return []
