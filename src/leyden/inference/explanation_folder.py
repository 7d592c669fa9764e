"""The folder of an explanation: its page and its numbers, whole or not there."""

from pathlib import Path

from leyden.files.csv_cells import csv_table
from leyden.files.temporary import temporary_folder
from leyden.inference.explanation_content import Content
from leyden.inference.explanation_page import page_of

PREFIX = ".leyden-explanation-"
PAGE = "explanation.html"
TITLES = {
    "permutation": "What the model's quality rests on",
    "dependence": "How the predictions depend on each column",
    "activations": "What the convolutions see",
}


def new_folder_in(run: Path) -> Path:
    """A folder of the run's that is not there yet: explanations/1, 2, ..."""
    number = 1
    while (run / "explanations" / str(number)).exists():
        number += 1
    return run / "explanations" / str(number)


def write_explanation(content: Content, folder: Path) -> None:
    """Writes the page, and the numbers.

    Args:
        content: What was found.
        folder: New or empty folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder.parent, PREFIX) as temporary:
        staged = temporary / folder.name
        staged.mkdir()
        title = TITLES.get(content.method, "What the predictions rest on")
        (staged / PAGE).write_text(page_of(content, title), encoding="utf-8")
        table = csv_table(list(content.numbers), zip(*content.numbers.values(), strict=True))
        (staged / content.file).write_text(table, encoding="utf-8")
        staged.rename(folder)
