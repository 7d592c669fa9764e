"""What docstrings say of a class or function: its first sentence, and a line for each argument.

They are read in the three usual forms: Google's `Args:`, Sphinx's `:param name:`, NumPy's
`Parameters` under which a line of dashes stands.
"""

import ast
import inspect
import re
from functools import cache
from typing import Any

GOOGLE = re.compile(r"^(?:Args|Arguments|Parameters|Attributes):\s*$")
NUMPY = re.compile(r"^(?:Parameters|Attributes|Other Parameters)\s*\n-{3,}\s*$", re.MULTILINE)
NEXT_NUMPY = re.compile(r"^\S.*\n-{3,}", re.MULTILINE)
SPHINX = re.compile(r"^:param\s+(?:[^:]*\s)?(\w+):\s*(.*)$")
ENTRY = re.compile(r"^(\w+)(?:\s*\([^)]*\))?\s*:\s*(.*)$")
NUMPY_ENTRY = re.compile(r"^(\w+)\s*(?::.*)?$")


def summary_of(target: Any) -> str:
    """The first paragraph of a docstring, in one line; empty where there is none of its own."""
    text = inspect.cleandoc(target.__doc__ or "")
    return " ".join(text.partition("\n\n")[0].split())


@cache
def argument_texts(target: Any) -> dict[str, str]:
    """What is said of each argument: by the class, its constructor, or those that it is derived of.

    Args:
        target: Class or function.
    """
    found: dict[str, str] = {}
    for holder in target.__mro__ if inspect.isclass(target) else (target,):
        if holder is object:
            continue
        texts = [holder.__doc__]
        if inspect.isclass(holder):
            texts += [vars(holder).get(name, None).__doc__ for name in _makers(holder)]
        for text in filter(None, texts):
            found = _arguments_in(inspect.cleandoc(str(text))) | found
    return found


@cache
def field_texts(schema: type) -> dict[str, str]:
    """The text that stands below each field of a dataclass."""
    (tree,) = ast.parse(inspect.cleandoc(inspect.getsource(schema))).body
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for before, after in zip(tree.body, tree.body[1:], strict=False):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=text)):
                found[name] = " ".join(str(text).split())
            case _:
                pass
    return found


def _makers(holder: type) -> list[str]:
    return [name for name in ("__init__", "__new__") if name in vars(holder)]


def _arguments_in(text: str) -> dict[str, str]:
    numpy = NUMPY.search(text)
    if numpy:
        inner = NEXT_NUMPY.split(text[numpy.end() :], maxsplit=1)[0]
        return _entries(inner.strip("\n").splitlines(), NUMPY_ENTRY)
    found: dict[str, str] = {}
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if GOOGLE.match(line.strip()) and not found:
            depth = _depth(line)
            inner = _deeper(lines[place + 1 :], depth)
            found = _entries(inspect.cleandoc("\n" + "\n".join(inner)).splitlines(), ENTRY)
    return found or _sphinx_entries(lines)


def _deeper(lines: list[str], depth: int) -> list[str]:
    """The first lines that are empty or indented deeper."""
    end = next((i for i, one in enumerate(lines) if one.strip() and _depth(one) <= depth), None)
    return lines[:end]


def _entries(lines: list[str], form: re.Pattern[str]) -> dict[str, str]:
    """Arguments whose names are not indented, and the lines below them."""
    found: dict[str, list[str]] = {}
    name = None
    for line in lines:
        if not line.strip():
            continue
        if _depth(line) == 0:
            entry = form.match(line)
            name = entry[1] if entry else None
            if entry:
                found[entry[1]] = list(entry.groups()[1:2])
        elif name is not None:
            found[name].append(line.strip())
    return {name: " ".join(filter(None, texts)) for name, texts in found.items()}


def _sphinx_entries(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    name = None
    for line in lines:
        entry = SPHINX.match(line.strip())
        if entry is not None:
            name = entry[1]
            found[name] = [entry[2]]
        elif not line.strip() or line.strip().startswith(":"):
            name = None
        elif name is not None:
            found[name].append(line.strip())
    return {name: " ".join(texts) for name, texts in found.items()}


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
