"""What is said of data keeps to a few lines, however many columns there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from leyden.cli.data_table import MOST_COLUMNS, chosen_columns, with_wrapped_ends
from leyden.cli.layout import Column as Heading
from leyden.cli.layout import lay_out
from leyden.data.report import Column, DataReport

LONGEST = 300


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=150),
    st.sampled_from(["feature", "left out"]),
)
def test_lines_for_the_start_are_short_and_say_how_many_more_there_are(lengths, role):
    columns = [
        Column(
            f"{place} {'x' * length}", "numbers", role, missing={"": 1}, filled="0", reason="why"
        )
        for place, length in enumerate(lengths)
    ]
    report = DataReport(columns=[Column("first", "numbers", "feature"), *columns])
    report.files_left_out = {column.name: 1 for column in columns}
    for line in report.lines():
        assert len(line) <= LONGEST
    (line,) = [one for one in report.lines() if one.startswith("files left out: ")]
    named = sum(f"({column.name})" in line for column in columns)
    others = 0 if " and " not in line else int(line.split(" and ")[1].split()[0])
    assert named >= 1
    assert named + others == len(columns)


def test_of_many_columns_the_first_are_listed_and_the_target_always():
    features = [Column(f"x{place}", "numbers", "feature") for place in range(200)]
    chosen = chosen_columns([*features, Column("y", "text", "target")])
    assert chosen[:-1] == features[: MOST_COLUMNS - 1]
    assert chosen[-1].name == "y"


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@given(
    reasons=st.lists(st.lists(st.sampled_from(["is", "text", "numbers"]), max_size=40), min_size=1)
)
def test_reasons_go_on_below_themselves_and_are_whole(width, reasons):
    headings = [Heading("column", is_cut=True), Heading("role"), Heading("", is_cut=True)]
    rows = [[f"x{place}", "left out", " ".join(one)] for place, one in enumerate(reasons)]
    wrapped = with_wrapped_ends(headings, rows, width=width)
    lines = lay_out(headings, wrapped, width=width).lines
    assert max(map(cell_len, lines)) <= width
    start = lines[1].index("left out") + len("left out")
    words = " ".join(line[start:] for line in lines[1:]).split()
    assert words == [word for one in reasons for word in one]
