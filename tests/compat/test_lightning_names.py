"""`lightning` and `pytorch_lightning` are one, whichever a user's code imports."""

import json
import subprocess
import sys

import pytest

FIRST = "from leyden.compat import lightning_names; lightning_names.install()\n"


def printed(code, cwd=None):
    """What a new process prints, as JSON."""
    command = [sys.executable, "-W", "error::ImportWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def shown(*expressions, imports, first=FIRST, cwd=None):
    return printed(
        f"{first}import json\n{imports}\nprint(json.dumps([{', '.join(expressions)}]))", cwd
    )


def test_the_classes_of_both_names_are_the_same_objects():
    imports = """
import lightning as L
import pytorch_lightning as pl
import lightning.pytorch as lp
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.callbacks.early_stopping import EarlyStopping
from lightning.pytorch.loggers import CSVLogger
import lightning.fabric
import lightning_fabric
from lightning.fabric.utilities.seed import seed_everything
from lightning import LightningModule, Trainer
"""
    assert all(
        shown(
            "lp is pl",
            "L.LightningModule is LightningModule is pl.LightningModule",
            "L.Trainer is Trainer is pl.Trainer",
            "L.LightningDataModule is pl.LightningDataModule",
            "L.seed_everything is pl.seed_everything",
            "Callback is pl.Callback is L.Callback",
            "ModelCheckpoint is pl.callbacks.ModelCheckpoint",
            "EarlyStopping is pl.callbacks.EarlyStopping",
            "CSVLogger is pl.loggers.CSVLogger",
            "lightning.fabric is lightning_fabric",
            "L.Fabric is lightning_fabric.Fabric",
            "seed_everything is lightning_fabric.utilities.seed.seed_everything",
            "L.__version__ == pl.__version__",
            imports=imports,
        )
    )


def test_a_module_has_its_own_name_and_spec_after_both_imports():
    imports = """
import importlib, sys
names = "pytorch_lightning", "pytorch_lightning.callbacks", "lightning_fabric"
before = [importlib.import_module(name).__spec__ for name in names]
import lightning.pytorch.callbacks, lightning.fabric
after = [sys.modules[name].__spec__ for name in names]
"""
    found = shown(
        "all(one is other for one, other in zip(before, after))",
        "[one.name for one in after] == list(names)",
        "[sys.modules[name].__name__ for name in names] == list(names)",
        "importlib.reload(sys.modules['pytorch_lightning.callbacks']).__name__ == names[1]",
        imports=imports,
    )
    assert found == [True] * 4


def test_a_module_that_is_first_imported_by_the_other_name_has_its_own():
    imports = "import lightning.pytorch.tuner as one, pytorch_lightning.tuner as other"
    found = shown("one is other", "one.__spec__.name", "one.__name__", imports=imports)
    assert found == [True, "pytorch_lightning.tuner", "pytorch_lightning.tuner"]


def test_a_class_is_pickled_by_its_own_name():
    imports = "import pickle; from lightning.pytorch.callbacks import Timer"
    assert shown("b'pytorch_lightning' in pickle.dumps(Timer)", imports=imports) == [True]


def test_to_install_it_twice_is_to_install_it_once():
    found = shown(
        "sum(type(one) is lightning_names._Finder for one in sys.meta_path)",
        imports="import sys; lightning_names.install()",
    )
    assert found == [1]


def test_without_it_the_package_is_what_is_installed():
    imports = "import importlib.util"
    here = shown("importlib.util.find_spec('lightning') is None", imports=imports, first="")
    if not here[0]:
        pytest.skip("the package lightning is installed")
    assert shown("importlib.util.find_spec('lightning') is None", imports=imports) == [False]


def test_what_is_not_there_is_not_found():
    code = """
try:
    import lightning.pytorch.nowhere
except ModuleNotFoundError as error:
    found = error.name
"""
    assert shown("found", imports=code) == ["pytorch_lightning.nowhere"]


def test_modules_that_only_begin_alike_are_left_alone():
    code = """
try:
    import lightning_else
except ModuleNotFoundError as error:
    found = error.name
"""
    assert shown("found", imports=code) == ["lightning_else"]


def test_a_package_of_the_users_of_that_name_is_theirs(tmp_path):
    (tmp_path / "lightning").mkdir()
    (tmp_path / "lightning" / "__init__.py").write_text("mine = 3\n")
    (tmp_path / "lightning" / "own.py").write_text("mine = 4\n")
    found = shown(
        "lightning.mine", "lightning.own.mine", imports="import lightning.own", cwd=tmp_path
    )
    assert found == [3, 4]


def test_a_class_that_was_imported_before_is_foreign():
    class Base:
        pass

    Base.__module__ = "lightning.pytorch.core.module"
    from leyden.compat.lightning_names import is_foreign

    assert is_foreign(type("Derived", (Base,), {}))
    assert not is_foreign(dict)


def test_the_modules_of_the_package_are_its_attributes_as_of_the_real_one():
    """`L.pytorch.callbacks.ModelCheckpoint` is common: the real package imports `pytorch`."""
    code = """
import lightning as L, pytorch_lightning as pl
found = getattr(L, "pytorch", None) is pl
"""
    assert shown("found", imports=code) == [True]
