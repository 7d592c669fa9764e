"""Texts of users and libraries in a report are text: in Markdown, HTML, CSV, LaTeX, pictures."""

import csv
import json
import logging
import math
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plotly.offline import get_plotlyjs

from leyden.files.csv_cells import csv_table, neutralized, original
from leyden.formatting import printable, printable_lines
from leyden.run.log import run_log
from leyden.sweeps.report import write_report
from leyden.sweeps.report.document import CommandBlock, Document, Paragraph, Section, Table
from leyden.sweeps.report.page import embedded, html

EVIL = "\x1b[2Ja\x07\u202egnp \r|b\x9b31m $\\frac{$ <script>x</script>"
STARTS = "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
TEXT = st.text(max_size=30)
FORMULA = st.builds(
    lambda blank, start, rest: blank + start + rest,
    st.text(" '", max_size=3),
    st.sampled_from(STARTS),
    TEXT,
)


def without_library(text: str) -> str:
    """A page without Plotly's code, which has control characters of its own."""
    return text.replace(get_plotlyjs(), "")


class Scripts(HTMLParser):
    """The scripts of a page, as a browser finds them."""

    def __init__(self, text):
        super().__init__()
        self.found, self.is_within = [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "script":
            self.is_within = True
            self.found.append((dict(attributes), ""))

    def handle_endtag(self, tag):
        self.is_within = self.is_within and tag != "script"

    def handle_data(self, data):
        if self.is_within:
            attributes, before = self.found[-1]
            self.found[-1] = attributes, before + data


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text)))


@given(TEXT)
@example(EVIL)
def test_a_document_has_no_control_characters(text):
    parts = [Paragraph(text), CommandBlock(text), Table([text, "b"], [[text, 1.0]])]
    document = Document(text, [Section(text, parts)])
    for written in (document.markdown(), html(document), parts[2].latex(), parts[2].csv()):
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
        text = without_library((report / name).read_text())
        assert printable_lines(text) == text, name
    assert "no such shard [/data/shard-3]" in (report / "report.html").read_text()
    assert "<script>x" not in (report / "report.html").read_text()
    (jobs,) = [rows for rows in [rows_of((report / "jobs.csv").read_text())] if rows]
    assert [row[1] for row in jobs[1:]][-1] == "'=HYPERLINK(1)"


ENDS = ("</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028", '"', "$x$", "'")


@given(TEXT | st.sampled_from(ENDS))
def test_json_in_a_page_is_read_again_as_it_was_and_ends_no_script(text):
    value = {text: [text, 1.5, None]}
    written = embedded(value)
    assert json.loads(written) == value
    assert not set(written) & set("<>&\u2028\u2029")


@pytest.mark.parametrize("evil", [*ENDS, EVIL])
def test_names_in_the_figures_are_neither_scripts_nor_markup(job, sweep, evil):
    entries = [
        job(
            f"model={evil}{kind}",
            f"lr={lr}",
            f"seed={s}",
            score=1.0 + s + lr,
            folder=f"{kind}{lr}{s}",
        )
        for kind in "ab"
        for lr in (1, 2, 3)
        for s in (0, 1)
    ]
    page = write_report(sweep(entries, name=evil)).read_text()
    figures, values, library, code = Scripts(page).found
    assert library[1] == get_plotlyjs()
    assert "alert(1)" not in code[1]
    shown = list(texts_of(json.loads(figures[1])))
    markup = {tag for text in shown for tag in re.findall("<[^>]*>", text)}
    assert markup <= {"<br>"}
    assert any("lr 1" in text for text in shown)
    assert "job-1" in json.loads(values[1])


def texts_of(value):
    """All texts within plain values."""
    if isinstance(value, str):
        yield value
    inner = value.values() if isinstance(value, dict) else value
    for one in inner if isinstance(value, dict | list) else ():
        yield from texts_of(one)


def test_only_the_pages_own_scripts_may_run(grid):
    page = (grid / "report" / "report.html").read_text()
    (policy,) = re.findall(r"script-src ([^\"]*)\"", page)
    run = [text for attributes, text in Scripts(page).found if "type" not in attributes]
    hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in run]
    assert policy.replace("&#39;", "").split() == [f"sha256-{one}" for one in hashes]


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\r\nrm -rf x", "\u202eb"])
def test_a_log_shows_control_characters_as_text_and_a_record_is_one(tmp_path, text):
    with run_log(tmp_path):
        logging.getLogger("leyden").warning("from %s", text)
    first, *others = (tmp_path / "train.log").read_text().splitlines()
    assert printable(text.partition("\n")[0]) in first
    assert all(line.startswith("    ") for line in others)
