"""`metrics.csv`: one row a step, one column a metric."""

import csv
import os
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only


class CSV(Logger):
    """Writes what Lightning logs as a table.

    A row is written when the next step begins, or a checkpoint is saved: a run that goes on from
    there finds it. What is logged for the same step after that takes the row's place.

    Args:
        save_dir: The run's folder.
    """

    def __init__(self, save_dir: Path) -> None:
        super().__init__()
        self.path = Path(save_dir) / "metrics.csv"
        self.columns = ["step"]
        self.row: dict[str, Any] = {}
        self.written_at: int | None = None
        """Where in the file the row stands already."""

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
    def go_on_from(self, step: int | None) -> None:
        """Drops the rows after `step`, which will come again; all of them for None."""
        if not self.path.exists():
            return
        if step is None:
            self.path.unlink()
            return
        with self.path.open(newline="") as file:
            reader = csv.DictReader(file)
            rows = [row for row in reader if int(row["step"]) < step]  # counted from 0
            self.columns = list(reader.fieldnames or self.columns)
        self._write_table(rows)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing: the config lies beside the table."""

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        if self.row and self.row["step"] != step:
            self._write_row()
            self.row, self.written_at = {}, None
        self.row |= {"step": step, **metrics}

    @rank_zero_only
    def keep(self) -> None:
        """Writes the row at hand; see above."""
        self._write_row()

    @rank_zero_only
    def finalize(self, status: str) -> None:
        self._write_row()

    def _write_row(self) -> None:
        if not self.row:
            return
        if self.written_at is not None:
            os.truncate(self.path, self.written_at)
        new = [name for name in self.row if name not in self.columns]
        if new or not self.path.exists():
            self._widen(new)
        with self.path.open("a", newline="") as file:
            self.written_at = file.tell()
            csv.DictWriter(file, self.columns).writerow(self.row)

    def _widen(self, new: list[str]) -> None:
        rows: list[dict[str, Any]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        self.columns += new
        self._write_table(rows)

    def _write_table(self, rows: list[dict[str, Any]]) -> None:
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.columns)
            writer.writeheader()
            writer.writerows(rows)
