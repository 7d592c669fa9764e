"""Texts of users and libraries in a report are text: in Markdown, HTML, CSV, LaTeX, pictures."""

import csv
import logging
import math
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leyden.files.csv_cells import csv_table, neutralized, original
from leyden.formatting import printable, printable_lines
from leyden.run.log import run_log
from leyden.sweeps.report import write_report
from leyden.sweeps.report.document import CommandBlock, Document, Paragraph, Section, Table

EVIL = "\x1b[2Ja\x07\u202egnp \r|b\x9b31m $\\frac{$ <script>x</script>"
STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
TEXT = st.text(max_size=30)
FORMULA = st.builds(
    lambda blank, start, rest: blank + start + rest,
    st.text(" '", max_size=3),
    st.sampled_from(STARTS),
    TEXT,
)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text)))


@given(TEXT)
@example(EVIL)
def test_a_document_has_no_control_characters(text):
    parts = [Paragraph(text), CommandBlock(text), Table([text, "b"], [[text, 1.0]])]
    document = Document(text, [Section(text, parts)])
    for written in (document.markdown(), document.html(), parts[2].latex(), parts[2].csv()):
        assert printable_lines(written) == written


@given(TEXT)
def test_a_cell_of_a_table_is_one_line(text):
    (row,) = Table(["a"], [[text]]).cells
    assert "\n" not in row[0]
    assert len(rows_of(csv_table(["a"], [[text]]))) == 2


@given(FORMULA)
@example("=1+1")
@example("@SUM(A1)")
@example(" =cmd|' /C calc'!A0")
@example("-inf")
def test_a_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text):
    (cell,) = rows_of(csv_table(["a"], [[text]]))[1]
    is_number = neutralized(printable(text)) == text and _is_finite(text)
    assert is_number or cell.lstrip(" ")[:1] not in set(STARTS)


def _is_finite(text: str) -> bool:
    return math.isfinite(float(text))


@given(TEXT | FORMULA)
def test_a_cells_text_can_be_had_again(text):
    assert original(neutralized(text)) == text


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_stays_a_number_typed_or_not(number):
    ((cell, typed),) = rows_of(csv_table(["a", "b"], [[number, str(number)]]))[1:]
    assert float(cell) == float(typed) == float(number)


def test_a_text_with_another_separator_stays_in_its_cell():
    assert csv_table(["a"], [["x;=1+1"]]).splitlines()[1] == '"x;=1+1"'


def test_a_sweep_of_foreign_texts_is_reported(job, sweep):
    entries = [
        job(f"model={EVIL}{seed}", f"seed={seed}", score=1.0 + seed, folder=f"a{seed}")
        for seed in range(2)
    ]
    entries += [
        job(
            "model==HYPERLINK(1)",
            "seed=0",
            state="failed",
            failure="exception",
            error={"type": "E", "message": f"no such shard [/data/shard-3] {EVIL}"},
        )
    ]
    report = write_report(sweep(entries, name=EVIL, repeated=[])).parent
    for name in ("report.md", "report.html", "jobs.csv", "jobs.tex", "configurations.csv"):
        text = (report / name).read_text()
        assert printable_lines(text) == text, name
    assert "no such shard [/data/shard-3]" in (report / "report.html").read_text()
    assert "<script>" not in (report / "report.html").read_text()
    (jobs,) = [rows for rows in [rows_of((report / "jobs.csv").read_text())] if rows]
    assert [row[1] for row in jobs[1:]][-1] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\r\nrm -rf x", "\u202eb"])
def test_a_log_shows_control_characters_as_text_and_a_record_is_one(tmp_path, text):
    with run_log(tmp_path):
        logging.getLogger("leyden").warning("from %s", text)
    first, *others = (tmp_path / "train.log").read_text().splitlines()
    assert printable(text.partition("\n")[0]) in first
    assert all(line.startswith("    ") for line in others)
