"""Python and the packages: there, of the right versions, and none of those known to do harm."""

import platform
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, metadata, requires, version

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from leyden.doctor.examination import Row, failed, note, passed

OLDEST_PYTHON = (3, 11)
NAMED = ("torch", "pytorch-lightning", "hydra-core")
FOR_DEVELOPERS = "dev"


def package_rows() -> Iterator[Row]:
    """A row each for Python, the required packages, harmful ones, and every extra."""
    yield python_row()
    wanted = [Requirement(text) for text in requires("leyden") or ()]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    problems = [problem for one in needed if (problem := unfit(one))]
    for problem in problems:
        yield failed("packages", problem)
    if not problems:
        named = ", ".join(f"{name} {version(name)}" for name in NAMED)
        yield passed("packages", f"{named} and {len(needed) - len(NAMED)} more, as required")
    yield from harmful_rows()
    for extra in sorted(metadata("leyden").get_all("Provides-Extra") or ()):
        if extra != FOR_DEVELOPERS:
            yield extra_row(extra, wanted)


def python_row() -> Row:
    """Python itself."""
    found = platform.python_version()
    if sys.version_info >= OLDEST_PYTHON:
        return passed("python", found)
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return failed("python", f"is {found}; make a new venv with {oldest} or newer")


def unfit(wanted: Requirement) -> str | None:
    """Why an installed package does not do, and what does; None if it does."""
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"{wanted.name} is missing: pip install '{wanted.name}{wanted.specifier}'"
    if wanted.specifier.contains(found, prereleases=True):
        return None
    return f"{wanted.name} is {found}: pip install '{wanted.name}{wanted.specifier}'"


def harmful_rows() -> Iterator[Row]:
    """Versions that are known to be malicious, of any package that is installed."""
    installed: dict[str, str] = {}
    for one in distributions():  # of two with the same name, Python imports the first
        installed.setdefault(canonicalize_name(one.metadata["Name"] or "?"), one.version)
    problems = known_bad(installed)
    for problem in problems:
        yield failed("known bad versions", problem)
    if not problems:
        yield passed("known bad versions", f"none among {len(installed)} installed packages")


def extra_row(extra: str, wanted: list[Requirement]) -> Row:
    """Whether what only some users need is here."""
    own = [one for one in wanted if one.marker and not one.marker.evaluate({"extra": ""})]
    own = [one for one in own if one.marker and one.marker.evaluate({"extra": extra})]
    if any(unfit(one) for one in own):
        return note(f"extra {extra}", f"not here: pip install 'leyden[{extra}]'")
    return passed(f"extra {extra}", ", ".join(f"{one.name} {version(one.name)}" for one in own))


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
