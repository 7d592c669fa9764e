"""The folder of an explanation: its page and its numbers, whole or not there."""

from pathlib import Path

from leyden.files.csv_cells import csv_table
from leyden.files.temporary import temporary_folder
from leyden.inference.explain import Explanation, rows_of
from leyden.inference.explanation_page import page_of

PREFIX = ".leyden-explanation-"
PAGE, NUMBERS = "explanation.html", "attributions.csv"


def new_folder_in(run: Path) -> Path:
    """A folder of the run's that is not there yet: explanations/1, 2, ..."""
    number = 1
    while (run / "explanations" / str(number)).exists():
        number += 1
    return run / "explanations" / str(number)


def write_explanation(explanation: Explanation, folder: Path) -> None:
    """Writes the page, and the attribution of each part.

    Args:
        explanation: What was found.
        folder: New or empty folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    rows = rows_of(explanation)
    with temporary_folder(folder.parent, PREFIX) as temporary:
        staged = temporary / folder.name
        staged.mkdir()
        title = "What the predictions rest on"
        (staged / PAGE).write_text(page_of(explanation, title), encoding="utf-8")
        table = csv_table(list(rows), zip(*rows.values(), strict=True))
        (staged / NUMBERS).write_text(table, encoding="utf-8")
        staged.rename(folder)
