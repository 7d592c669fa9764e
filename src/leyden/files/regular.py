"""Opening files of a run's or a sweep's folder, which may be a stranger's.

No link is followed, and nothing but a regular file is opened: who opens a named pipe waits without
end, and a device may do anything.
"""

import errno
import os
import stat
from pathlib import Path

FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # neither is on Windows


def regular(path: str, flags: int) -> int:
    """Opens a file that is no link; the `opener` of Python's `open`.

    Raises:
        OSError: It is a link, or no regular file, or can't be opened.
    """
    try:
        handle = os.open(path, flags | FLAGS, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "is a link", path) from None
        raise
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return handle
    os.close(handle)
    raise OSError(errno.EINVAL, "is no regular file", path)


def read_bytes(path: Path) -> bytes:
    """A file's content; see `regular`."""
    with open(path, "rb", opener=regular) as file:
        return file.read()


def read_text(path: Path) -> str:
    """A file's text; see `regular`.

    Raises:
        UnicodeDecodeError: It is not UTF-8.
    """
    return read_bytes(path).decode("utf-8")
