"""`metrics.csv`: one row a step, one column a metric."""

import csv
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

from leyden.files.atomic import replacing
from leyden.files.csv_cells import neutralized, original
from leyden.files.regular import regular

log = logging.getLogger("leyden")


class CSV(Logger):
    """Writes what Lightning logs as a table.

    A row is written when the next step begins, or a checkpoint is saved: a run that goes on from
    there finds it. What is logged for the same step after that takes the row's place. The file is
    appended to or replaced as a whole, never cut: a run can't make these rows again.

    Args:
        save_dir: Folder of the run.
    """

    def __init__(self, save_dir: Path) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self.columns = ["step"]
        self.row: dict[str, Any] = {}
        self.written: dict[str, Any] = {}
        """What of the row stands in the file already."""
        self.written_at = 0
        """Where."""

    @property
    def name(self) -> str:
        return ""

    @property
    def version(self) -> str:
        return ""

    @property
    def save_dir(self) -> str:
        return str(self.path.parent)

    @rank_zero_only
    def resume_from(self, step: int | None) -> None:
        """Drops the rows after `step`, which will come again; all of them for None."""
        if not self.path.exists():
            return
        if step is None:
            self.path.unlink()
            return
        columns, rows, num_cut = read_rows(self.path)
        if num_cut:
            log.warning("metrics.csv: lines that are cut or damaged and were left out: %d", num_cut)
        kept = [row for row in rows if int(row["step"]) < step]  # counted from 0
        self._write_table(columns, kept, {})

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the config lies beside the table."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        if self.row and self.row["step"] != step:
            self._write_row()
            self.row, self.written = {}, {}
        self.row |= {"step": step, **metrics}

    @rank_zero_only
    def keep(self) -> None:
        """Writes the row at hand, and brings the table to the disk; see above."""
        self._write_row(is_synced=True)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self._write_row()

    def _write_row(self, *, is_synced: bool = False) -> None:
        if self.row == self.written:
            return
        new = [name for name in self.row if name not in self.columns]
        if new or not self.path.exists():
            rows = read_rows(self.path)[1] if self.path.exists() else []
            rows = rows[:-1] if self.written else rows
            self._write_table([*self.columns, *new], rows, self.row)
        elif self.written:
            self._replace_row()
        else:
            self._append_row(is_synced=is_synced)
        self.written = dict(self.row)

    def _append_row(self, *, is_synced: bool) -> None:
        with open(self.path, "a", newline="", encoding="utf-8", opener=regular) as file:
            self.written_at = file.tell()
            csv.DictWriter(file, self.columns).writerow(self.row)
            if is_synced:
                file.flush()
                os.fsync(file.fileno())

    def _replace_row(self) -> None:
        """Writes the last row anew."""
        with open(self.path, "rb", opener=regular) as before, replacing(self.path) as file:
            file.write(before.read(self.written_at))
            with _as_text(file) as text:
                csv.DictWriter(text, self.columns).writerow(self.row)

    def _write_table(
        self, columns: list[str], rows: list[dict[str, str]], last: dict[str, Any]
    ) -> None:
        """Writes all rows; the last one, if there is one, may be replaced later."""
        with replacing(self.path) as file:
            with _as_text(file) as text:
                writer = csv.DictWriter(text, columns)
                writer.writerow({name: neutralized(name) for name in columns})
                writer.writerows(rows)
            self.written_at = file.tell()
            with _as_text(file) as text:
                csv.DictWriter(text, columns).writerows([last] if last else [])
        self.columns = columns


@contextmanager
def _as_text(file: BinaryIO) -> Iterator[TextIOWrapper]:
    """Lets text be written into a file of bytes, which stays open."""
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    yield text
    text.detach()  # it flushes


def read_rows(path: Path) -> tuple[list[str], list[dict[str, str]], int]:
    """Columns and whole rows of a table, and how many lines are not whole.

    A process that dies leaves its last line cut; a file system that loses its power may leave
    zeros.
    """
    with open(path, encoding="utf-8", errors="replace", newline="", opener=regular) as file:
        text = file.read()
    whole, _, cut = text.rpartition("\n")
    lines = list(csv.reader(StringIO(whole, newline="")))
    columns = [original(cell) for cell in lines[0]] if lines and "step" in lines[0] else ["step"]
    rows = [
        dict(zip(columns, line, strict=True))
        for line in lines[1:]
        if len(line) == len(columns)
        and line[columns.index("step")].isascii()
        and line[columns.index("step")].isdecimal()
    ]
    return columns, rows, len(lines[1:]) - len(rows) + bool(cut)
