"""Where in the user's own files an error arose, and what it says in a line."""

import errno
import os
import re
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path

from leyden.config.targets import user_packages

LEYDEN = str(Path(__file__).parents[1]) + os.sep
STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
INSTALLED = {"site-packages", "dist-packages"}

FROM_WORKER = re.compile(r"^Caught (\w+) in .*\.\nOriginal Traceback")
"""How torch's loader begins the message of an error that a process of its has raised."""
FRAME = re.compile(r'^ *File "(.+)", line (\d+), in ', re.MULTILINE)


SYSTEM_ERRORS = {
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO", "EFBIG", "ESTALE")
    if hasattr(errno, name)
}
"""Errors of disks and rights, which say themselves what is to be done."""


def is_from_outside(error: BaseException) -> bool:
    """Whether an error is the user's code's or the system's, and not a defect of Leyden."""
    is_systems = isinstance(error, OSError) and error.errno in SYSTEM_ERRORS
    return is_systems or place_of(error) is not None


def in_a_line(error: BaseException) -> str:
    """An error's place in the user's own files, if it passed through one, its kind and message."""
    return line_of(kind_of(error), message_of(error), place_of(error))


def line_of(kind: str, message: str, place: str | None) -> str:
    """As `my_models.py:12: ValueError: no such layer`; only the first line of the message."""
    words = [place, kind, message.strip().partition("\n")[0]]
    return ": ".join(filter(None, words))


def kind_of(error: BaseException) -> str:
    """The name of an error's class, also of one that a loader's process has raised."""
    caught = FROM_WORKER.match(str(error))
    return caught[1] if caught else type(error).__name__


def message_of(error: BaseException) -> str:
    """An error's message, that of a loader's process as it was raised there."""
    text = str(error).strip()
    caught = FROM_WORKER.match(text)
    if caught is None:
        return text
    # After the frames, which are indented: `package.Kind: message`.
    raised = re.search(rf"^(?:\w+\.)*{caught[1]}(?:: |$)", text, re.MULTILINE)
    return text[raised.end() :].strip() if raised else text


def place_of(error: BaseException) -> str | None:
    """File and line of the innermost frame in the user's own files; None where there is none.

    An error that Leyden has put into other words is followed back to the one that it tells of.
    """
    cause: BaseException | None = error
    while cause is not None:
        own = [(file, line) for file, line in _frames(cause) if is_users(file)]
        if own:
            file, line = own[-1]
            return f"{_shown(file)}:{line}"
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return None


def _frames(error: BaseException) -> Iterator[tuple[str, int]]:
    """Outermost first."""
    for frame in traceback.extract_tb(error.__traceback__):
        yield frame.filename, frame.lineno or 0
    if FROM_WORKER.match(str(error)):
        yield from ((file, int(line)) for file, line in FRAME.findall(str(error)))


def is_users(file: str) -> bool:
    """Whether a file is neither Leyden's nor Python's nor an installed package's.

    A package that `LEYDEN_PACKAGES` names is the user's, wherever it lies.
    """
    if not os.path.isabs(file) or file.startswith(LEYDEN):
        return False
    names = {Path(part).stem for part in Path(file).parts}
    if names & {package.partition(".")[0] for package in user_packages()}:
        return True
    return not names & INSTALLED and not file.startswith(STANDARD_LIBRARY)


def _shown(file: str) -> str:
    """Relative to the current folder where it lies below it."""
    return os.path.relpath(file) if Path(file).is_relative_to(Path.cwd()) else file
