"""Walls that import-linter does not see: private names, printing, mutable modules, late imports."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import leyden

SOURCE = Path(leyden.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
OTHERS = re.compile(r"(hydra|omegaconf|pytorch_lightning|lightning_fabric|torch|torchmetrics)\b")
OWN_NAMES = {"_target_", "_partial_"}
"""Keys of configs, which are read like attributes."""

HEAVY = {"torch", "pytorch_lightning", "pandas", "scipy", "optuna", "hydra", "omegaconf", "rich"}
HEAVY |= {"sklearn", "plotly"}


def named(path):
    return str(path.relative_to(SOURCE))


def is_in(path, folder):
    return path.is_relative_to(SOURCE / folder)


def parsed(path):
    return ast.parse(path.read_text())


def private_imports(tree):
    """Lines that import a private module or name of another library."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and OTHERS.match(node.module or ""):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            if any(name.startswith("_") for name in names):
                yield node.lineno


def private_attributes(tree):
    """Lines that use a private attribute of what is not the class's own."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute) or node.attr.startswith("__"):
            continue
        owner = ast.unparse(node.value)
        is_own = owner in ("self", "cls", "super()", "os")  # os._exit is public
        if node.attr.startswith("_") and node.attr not in OWN_NAMES and not is_own:
            yield node.lineno


def test_private_names_of_others_are_used_in_compat_alone():
    found = []
    for path in [path for path in MODULES if not is_in(path, "compat")]:
        tree = parsed(path)
        lines = [*private_imports(tree)]
        if path.name != "parser.py":  # argparse has no public name for its subparsers
            lines += private_attributes(tree)
        found += [f"{named(path)}:{line}" for line in lines]
    assert found == []


def test_only_the_command_line_writes_to_a_terminal():
    streams = {"sys.stdout", "sys.stderr", "print"}
    found = [
        f"{named(path)}:{node.lineno}"
        for path in MODULES
        if not is_in(path, "cli")
        for node in ast.walk(parsed(path))
        if is_name(node) and ast.unparse(node) in streams
    ]
    assert found == []


def is_name(node):
    return isinstance(node, ast.Attribute | ast.Name)


def test_nothing_is_patched_outside_compat():
    for path in MODULES:
        text = path.read_text()
        assert "unittest" not in text, path
        if not is_in(path, "compat"):
            assert not re.search(r"__class__ = |sys\.meta_path", text), path


def imports_of(path):
    """Modules that a module imports, each with whether that is within a function."""

    def walk(node, is_late):
        for child in ast.iter_child_nodes(node):
            is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            if is_typing:
                continue
            late = is_late or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.ImportFrom) and child.module:
                yield child.module, late
                for alias in child.names:
                    yield f"{child.module}.{alias.name}", late
            elif isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, late
            yield from walk(child, late)

    return list(walk(parsed(path), False))


def module_name(path):
    parts = ("leyden", *path.relative_to(SOURCE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


IMPORTS = {module_name(path): imports_of(path) for path in MODULES}


def loaded_by(name):
    """Heavy libraries that the import of a module loads."""
    found, seen, waiting = set(), set(), [name]
    while waiting:
        parts = waiting.pop().split(".")
        for end in range(1, len(parts) + 1):
            module = ".".join(parts[:end])
            if module in IMPORTS and module not in seen:
                seen.add(module)
                waiting += [other for other, is_late in IMPORTS[module] if not is_late]
            elif module in HEAVY:
                found.add(module)
    return found


def test_imports_within_functions_put_off_something_heavy():
    found = []
    for path in [path for path in MODULES if not is_in(path, "cli")]:
        name = module_name(path)
        late = {other for other, is_late in IMPORTS[name] if is_late and other in IMPORTS}
        already = loaded_by(name) if late else set()
        found += [f"{name} -> {other}" for other in late if loaded_by(other) <= already]
    assert found == []


@pytest.mark.parametrize("module", ["compose", "validate", "targets", "schema", "identity"])
def test_configs_are_read_without_torch(module):
    code = (
        f"import sys, leyden.config.{module};"
        "print(sorted({'torch', 'pytorch_lightning', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
