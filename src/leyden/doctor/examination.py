"""All checks, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Literal

Result = Literal["pass", "fail", "note"]


@dataclass(frozen=True)
class Row:
    """What was looked at.

    Attributes:
        check: Name of the check.
        result: `note` is something to know that is no fault.
        found: What was found, and where it failed what to do.
    """

    check: str
    result: Result
    found: str


def passed(check: str, found: str) -> Row:
    """It works."""
    return Row(check, "pass", found)


def failed(check: str, found: str) -> Row:
    """It does not; `found` says what to do."""
    return Row(check, "fail", found)


def note(check: str, found: str) -> Row:
    """Something to know."""
    return Row(check, "note", found)


PARTS = {
    "packages": "leyden.doctor.packages:package_rows",
    "disk": "leyden.doctor.disk:disk_rows",
    "devices": "leyden.doctor.devices:device_rows",
    "data": "leyden.doctor.data_sets:data_rows",
    "faults": "leyden.doctor.fault_suite:fault_rows",
}
"""By name, so that a broken package breaks no more than the rows that need it."""


def examine() -> Iterator[Row]:
    """Each row as soon as it is known; a part that breaks is a row that fails."""
    for part, rows in PARTS.items():
        try:
            yield from resolve_name(rows)()
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".partition("\n")[0]
            advice = "; install leyden in a new venv" if isinstance(error, ImportError) else ""
            yield failed(part, f"can't be looked at: {reason}{advice}")
