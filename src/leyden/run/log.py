"""`train.log`: what libraries say during a run goes there, and not on the user's terminal."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from leyden.config.environment import without_values
from leyden.files.regular import regular
from leyden.formatting import printable_lines

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
INDENT = "    "
LOUD = ("pytorch_lightning", "lightning_fabric", "py.warnings", "torch", "leyden")
"""Loggers with handlers of their own, which would write to the terminal."""


class WithoutValues(logging.Formatter):
    """Leaves out what was read from the environment, in tracebacks too.

    Control characters are written as escapes. Further lines of a record are indented: no text can
    look like another record, or be taken for a line of another kind of file.
    """

    def format(self, record: logging.LogRecord) -> str:
        text = printable_lines(without_values(super().format(record)))
        return re.sub(r"\n(?=.)", f"\n{INDENT}", text)


@contextmanager
def run_log(folder: Path) -> Iterator[None]:
    """Sends logs and warnings to the run's `train.log` while it lasts."""
    path = folder / "train.log"
    with open(path, "a", encoding="utf-8", errors="backslashreplace", opener=regular) as file:
        handler = logging.StreamHandler(file)
        handler.setFormatter(WithoutValues(FORMAT))
        with _only(handler):
            try:
                yield
            except BaseException:
                logging.getLogger("leyden").exception("the run ended early")
                raise


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Drops what libraries say, where there is no run to keep it."""
    with _only(logging.NullHandler()):
        yield


@contextmanager
def _only(handler: logging.Handler) -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOUD]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [handler], False
        # Of torch only warnings: its distributed part tells of every group that it makes.
        logger.setLevel(logging.WARNING if logger.name == "torch" else logging.INFO)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for logger, (handlers, propagate, level) in zip(loggers, before, strict=True):
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
        handler.close()
