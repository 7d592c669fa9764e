"""OmegaConf's resolver `oc.env`, which here also notes the names that it has read.

What a config of the user's own reads, the processes of its runs may read as well, and the values
are kept out of logs. Which names these are can only be told where they are resolved: a name may
come from another key. They are noted in the context, not in the process. Right for OmegaConf 2.3;
`tests/compat/test_environment_resolver.py` fails when its own resolver no longer does the same.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from omegaconf import OmegaConf
from omegaconf.resolvers import oc

PLACEHOLDER = re.compile(r"@oc\.env@(\w+)@")
"""The name of a variable in the place of its value; see `names_for_values`."""

_gives_names: ContextVar[bool] = ContextVar("gives_names", default=False)
_read_names: ContextVar[frozenset[str]] = ContextVar("read_names", default=frozenset())


def register() -> None:
    """Puts this resolver in the place of OmegaConf's. May be called again."""
    OmegaConf.register_new_resolver("oc.env", _resolve, replace=True)


def read_names() -> frozenset[str]:
    """Names of the variables that configs have read in this context."""
    return _read_names.get()


@contextmanager
def names_for_values() -> Iterator[None]:
    """Within it the resolver gives placeholders, see `PLACEHOLDER`."""
    token = _gives_names.set(True)
    try:
        yield
    finally:
        _gives_names.reset(token)


def _resolve(name: str, *default: Any) -> Any:
    value = oc.env(name, *default)
    if name not in os.environ or not re.fullmatch(r"\w+", name):
        return value
    if _gives_names.get():
        return f"@oc.env@{name}@"
    _read_names.set(_read_names.get() | {name})
    return value
