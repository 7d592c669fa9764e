"""One line of the doctor's table."""

from dataclasses import dataclass
from typing import Literal

Result = Literal["pass", "fail", "note"]


@dataclass(frozen=True)
class Row:
    """What was looked at.

    Attributes:
        check: Its name.
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
