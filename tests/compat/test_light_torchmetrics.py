"""Torchmetrics, imported without what it would load for deprecated names, still offers all."""

import json
import subprocess
import sys

import pytest

OFFERED = """
import importlib, json, sys, warnings
warnings.simplefilter("ignore")
roots = "torchmetrics", "torchmetrics.functional"

def described(offered):
    module, name = getattr(offered, "__module__", None), getattr(offered, "__qualname__", None)
    return [type(offered).__name__, module, name or getattr(offered, "__name__", None)]

def offered(names):
    return {
        root: {name: described(getattr(importlib.import_module(root), name)) for name in its}
        for root, its in names.items()
    }
"""
AS_IT_IS = """
names = {root: [*vars(importlib.import_module(root))] for root in roots}
names = {root: [name for name in its if not name.startswith("__")] for root, its in names.items()}
print(json.dumps(offered(names)))
"""
LIGHT = """
from leyden.compat import light_torchmetrics
light_torchmetrics.install()
print(json.dumps(offered(json.loads(sys.argv[1]))))
"""


def output(code, *arguments):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_every_name_is_what_it_is_without_us():
    names = output(OFFERED + AS_IT_IS)
    assert json.loads(output(OFFERED + LIGHT, names)) == json.loads(names)


def test_planning_loads_neither_torchvision_nor_transformers(tmp_path):
    code = """
import os, sys
os.chdir(sys.argv[1])
from leyden.cli import main
main(["plan", "model=mlp", "data=digits", "--json"])
sys.exit(str([name for name in ("torchvision", "transformers") if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stderr.splitlines()[-1] == "[]"


def test_only_the_first_of_several_calls_has_an_effect():
    code = """
import sys
from leyden.compat import light_torchmetrics
before = len(sys.meta_path)
light_torchmetrics.install()
light_torchmetrics.install()
print(len(sys.meta_path) - before)
"""
    assert output(code).strip() == "1"


def test_a_name_that_torchmetrics_does_not_have_is_missed():
    code = """
from leyden.compat import light_torchmetrics
light_torchmetrics.install()
import torchmetrics
try:
    torchmetrics.NoSuchMetric
except AttributeError as error:
    print(error)
"""
    assert output(code).strip() == "module 'torchmetrics' has no attribute 'NoSuchMetric'"
