"""The versions that are known to work are allowed, and there is one of each package."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
KNOWN = ROOT / ".ci" / "constraints.txt"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = [
    Requirement(text)
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    for text in texts
    if not text.startswith("leyden")
]


@pytest.mark.parametrize("required", REQUIRED, ids=str)
def test_a_package_that_is_required_has_a_known_version_that_is_allowed(required):
    lines = [line for line in KNOWN.read_text().splitlines() if not line.startswith("#")]
    known = dict(line.split("==") for line in lines)
    names = {name.lower().replace("_", "-"): version for name, version in known.items()}
    assert required.specifier.contains(names[required.name.lower().replace("_", "-")])
