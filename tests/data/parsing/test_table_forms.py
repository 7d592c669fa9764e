"""Tables of every form: what is written is read back exactly, or refused, and never bent."""

from decimal import Decimal
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from leyden.data import DataError
from leyden.data.parsing.table_file import read_table
from leyden.data.parsing.table_format import TableFormat
from leyden.data.report import DataReport

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blank": "  "}
DECIMALS = {"point": ".", "comma": ","}
GROUPS = {"none": "", "comma": ",", "point": ".", "blank": "\u00a0", "apostrophe": "'"}
MISSING = ["", "NA", "?", "-", "n.a.", "NaN", "null"]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "cp1252"]
LETTERS = st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc", "Zs", "Cf"])
NUMBERS = st.decimals(min_value=-(10**7), max_value=10**7, places=2).map(Decimal.normalize)


def written(number, decimal, thousands):
    """A number as it stands in a file."""
    sign, digits = ("-" if number < 0 else ""), f"{abs(number):f}"
    whole, _, decimals = digits.partition(".")
    groups = []
    while len(whole) > 3:
        whole, last = whole[:-3], whole[-3:]
        groups.insert(0, last)
    grouped = GROUPS[thousands].join([whole, *groups])
    return sign + grouped + (DECIMALS[decimal] + decimals if decimals else "")


def quoted(cell, sign, *, always):
    """A cell as the standard library's and all other writers quote it."""
    must = any(one in cell for one in (sign.strip(" ") or " ", '"', "\n", "\r", " ", "\u00a0"))
    return '"' + cell.replace('"', '""') + '"' if must or always or not cell else cell


@st.composite
def tables(draw):
    """Columns of numbers and text, and how they are written."""
    num_rows = draw(st.integers(4, 12))

    def column(cells):
        return draw(st.lists(cells, min_size=num_rows, max_size=num_rows))

    decimal = draw(st.sampled_from(sorted(DECIMALS)))
    thousands = draw(st.sampled_from([one for one in sorted(GROUPS) if one != decimal]))
    return {
        "separator": draw(st.sampled_from(sorted(SEPARATORS))),
        "decimal": decimal,
        "thousands": thousands,
        "encoding": draw(st.sampled_from(ENCODINGS)),
        "always": draw(st.booleans()),
        "word": draw(st.sampled_from(MISSING)),
        "end": draw(st.sampled_from(["\n", "\r\n"])),
        "columns": {
            "größe": [draw(NUMBERS), *column(st.one_of(NUMBERS, NUMBERS, st.none()))],
            "zahl": [draw(NUMBERS), *column(NUMBERS)],
            "wort": ["t", *("t" + cell for cell in column(st.text(LETTERS, max_size=5)))],
        },
    }


def write(table):
    """The file of a table."""
    sign = SEPARATORS[table["separator"]]
    columns = table["columns"]
    rows = [list(columns)]
    for row in zip(*columns.values(), strict=True):
        rows.append(
            [
                table["word"]
                if cell is None
                else cell
                if isinstance(cell, str)
                else written(cell, table["decimal"], table["thousands"])
                for cell in row
            ]
        )
    text = table["end"].join(
        sign.join(quoted(cell, sign, always=table["always"]) for cell in row) for row in rows
    )
    Path("table.csv").write_bytes((text + table["end"]).encode(table["encoding"]))


def is_as_written(found, cells):
    if isinstance(cells[0], str):
        return found.tolist() == cells
    truth = [np.nan if cell is None else float(cell) for cell in cells]
    return found.dtype == np.float64 and np.array_equal(found, truth, equal_nan=True)


@settings(max_examples=120)
@given(table=tables())
def test_what_the_user_says_of_a_table_is_how_it_is_read(table):
    write(table)
    said = {key: table[key] for key in ("separator", "decimal", "thousands")}
    encoding = table["encoding"] if table["encoding"] == "cp1252" else None
    report = DataReport()
    frame = read_table("table.csv", TableFormat(**said, encoding=encoding), report)
    for name, cells in table["columns"].items():
        assert is_as_written(frame[name], cells)
        assert report.column(name).problem == ""


@settings(max_examples=120)
@given(table=tables())
def test_what_the_user_does_not_say_is_found_or_refused(table):
    write(table)
    report = DataReport()
    try:
        frame = read_table("table.csv", TableFormat(), report)
    except DataError:
        return
    for name, cells in table["columns"].items():
        described = report.column(name)
        is_said = any(f"column {name}" in line for line in (*report.notes, *report.warnings))
        assert is_as_written(frame[name], cells) or described.problem or is_said


@settings(max_examples=100)
@given(table=tables())
def test_the_wrong_decimal_sign_bends_no_number(table):
    write(table)
    report = DataReport()
    other = "comma" if table["decimal"] == "point" else "point"
    encoding = table["encoding"] if table["encoding"] == "cp1252" else None
    try:
        frame = read_table("table.csv", TableFormat(decimal=other, encoding=encoding), report)
    except DataError:
        return
    for name, cells in table["columns"].items():
        described = report.column(name)
        is_said = any(f"column {name}" in line for line in (*report.notes, *report.warnings))
        assert is_as_written(frame[name], cells) or described.problem or is_said
