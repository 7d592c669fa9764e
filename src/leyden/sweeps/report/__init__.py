"""The report of a sweep, from its folder alone: it can be written again at any time."""

import shutil
from pathlib import Path

from matplotlib import rc_context

from leyden.files.atomic import umask
from leyden.files.temporary import temporary_folder
from leyden.run.foreign_links import reject_foreign_links
from leyden.sweeps.report.answer import answer
from leyden.sweeps.report.best_test import best_test
from leyden.sweeps.report.data import data
from leyden.sweeps.report.document import Document
from leyden.sweeps.report.page import html
from leyden.sweeps.report.question import filters
from leyden.sweeps.report.results import Results, read_results
from leyden.sweeps.report.scaling import scaling
from leyden.sweeps.report.sections import (
    configurations,
    effects,
    every_job,
    failures,
    learning,
    pareto,
)
from leyden.sweeps.report.settings import settings
from leyden.sweeps.report.tables import (
    configurations_table,
    jobs_table,
    shown_configurations_table,
    shown_jobs_table,
)
from leyden.sweeps.report.tensorboard import write_tensorboard

NAME = "report"
ENDED = ("completed", "failed")  # which jobs failed is said by their count
PARTS = (
    answer,
    effects,
    scaling,
    learning,
    pareto,
    configurations,
    best_test,
    every_job,
    failures,
    data,
    settings,
)


def write_report(folder: Path) -> Path:
    """Writes `report/` into a sweep's folder, in the place of an earlier one.

    Args:
        folder: Folder of the sweep, with its `sweep.json`. Its jobs may have ended in any way, or
            not yet.

    Returns:
        The path of `report.html`.
    """
    reject_foreign_links(folder, key="SWEEP")
    results = read_results(folder)
    with rc_context({"text.parse_math": False}):  # a `$` in a name begins no formula
        sections = [part(results) for part in PARTS]
    kept = [section for section in sections if section.parts]
    document = Document(_title(results), kept, *filters(results))
    with temporary_folder(folder, f".{NAME}.") as staged:
        staged.chmod(0o777 & ~umask())
        _write(staged, results, document)
        if (folder / NAME).exists():
            shutil.rmtree(folder / NAME)
        staged.rename(folder / NAME)
    return folder / NAME / "report.html"


def _write(folder: Path, results: Results, document: Document) -> None:
    files = {
        "jobs.csv": jobs_table(results).csv(),
        "jobs.tex": shown_jobs_table(results).latex(),
        "configurations.csv": configurations_table(results).csv(),
        "configurations.tex": shown_configurations_table(results).latex(),
        "report.md": document.markdown(),
        "report.html": html(document),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for picture in document.pictures:
        (folder / picture.name).write_bytes(picture.png)
    write_tensorboard(folder / "tensorboard", results, document)


def _title(results: Results) -> str:
    record = results.record
    state = f" ({record.status})" if record.status not in ENDED else ""
    return f"Sweep {record.name}{state}"
