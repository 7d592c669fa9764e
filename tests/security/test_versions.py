"""Packages in versions that were made to do harm."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from leyden.doctor.packages import known_bad

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("version", ["2.6.2", "2.6.3"])
@pytest.mark.parametrize("package", ["lightning", "pytorch-lightning", "pytorch_lightning"])
def test_the_malicious_versions_of_lightning_are_known(package, version):
    (line,) = known_bad({"torch": "2.14.1", package: version})
    assert version in line
    assert "GHSA-w37p-236h-pfx3" in line


def test_others_are_not():
    assert known_bad({"pytorch-lightning": "2.6.6", "lightning": "2.6.4", "torch": "2.6.2"}) == []


def test_none_of_them_can_be_installed_by_our_requirements():
    project = tomllib.loads(PYPROJECT.read_text())["project"]
    requirements = [Requirement(text) for text in project["dependencies"]]
    (lightning,) = [r for r in requirements if "lightning" in r.name]
    assert lightning.name == "pytorch-lightning"
    assert not {"2.6.2", "2.6.3"} & set(lightning.specifier.filter(["2.6.2", "2.6.3", "2.6.6"]))
