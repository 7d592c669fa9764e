"""Versions of packages that must not be used, with the advisory that says why."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Advisory:
    """What is known of some versions of a package."""

    package: str
    versions: frozenset[str]
    name: str
    reason: str


ADVISORIES = tuple(
    Advisory(package, frozenset({"2.6.2", "2.6.3"}), "GHSA-w37p-236h-pfx3", "steals credentials")
    for package in ("lightning", "pytorch-lightning")
)


def known_bad(versions: Mapping[str, str]) -> list[str]:
    """A line for each package that is installed in a version that is known to be bad.

    Args:
        versions: Installed versions by the packages' names, in any spelling.
    """
    installed = {name.lower().replace("_", "-"): version for name, version in versions.items()}
    return [
        f"{bad.package} {installed[bad.package]} {bad.reason} ({bad.name}); install another version"
        for bad in ADVISORIES
        if installed.get(bad.package) in bad.versions
    ]
