from pathlib import Path

import pytest

from leyden.data import Unreadable
from leyden.data.csv_file import column_of, read_csv


def write(text):
    Path("a.csv").write_text(text)
    return "a.csv"


def test_the_first_row_names_the_columns():
    frame = read_csv(write("x,1\n2,3\n4,5\n"))
    assert frame.to_dict("list") == {"x": [2, 4], "1": [3, 5]}


def test_spaces_after_separators_are_no_part_of_a_cell():
    frame = read_csv(write("x, y\n1, a\n2, b\n"))
    assert frame.to_dict("list") == {"x": [1, 2], "y": ["a", "b"]}


def test_a_quoted_cell_may_hold_the_separator():
    assert read_csv(write('x,y\n1,"a, b"\n'))["y"].tolist() == ["a, b"]


@pytest.mark.parametrize(
    "content",
    [None, b"", b"a,b\n1,2\n1,2,3,4\n"],
    ids=["gone", "empty", "ragged"],
)
def test_what_is_no_table_is_refused(content):
    if content is not None:
        Path("a.csv").write_bytes(content)
    with pytest.raises(Unreadable, match="can't be read as a table") as raised:
        read_csv("a.csv")
    assert raised.value.key == "path"


def test_a_file_in_another_encoding_is_refused_with_the_right_one():
    Path("a.csv").write_bytes(
        "name\nK\N{LATIN SMALL LETTER O WITH DIAERESIS}ln\n".encode("latin-1")
    )
    with pytest.raises(Unreadable, match="save it as UTF-8"):
        read_csv("a.csv")


def test_a_folder_is_no_table():
    Path("a.csv").mkdir()
    with pytest.raises(Unreadable, match="can't be read as a table"):
        read_csv("a.csv")


def test_a_column_is_found_by_its_name():
    frame = read_csv(write("x,y\n1,2\n"))
    assert column_of(frame, "y", key="target").tolist() == [2]


@pytest.mark.parametrize("key", ["target", "time"])
def test_a_column_that_is_missing_is_told_with_those_that_are_there(key):
    frame = read_csv(write("x,y\n1,2\n"))
    with pytest.raises(Unreadable, match="no column `z`; the columns: x, y") as raised:
        column_of(frame, "z", key=key)
    assert raised.value.key == key


def test_more_cells_than_names_are_refused_rather_than_shifted():
    with pytest.raises(Unreadable) as raised:
        read_csv(write("x,y\n1,2,3\n4,5,6\n"))
    assert raised.value.key == "path"


def test_a_separator_at_the_end_of_each_row_is_borne():
    assert read_csv(write("x,y\n1,2,\n3,4,\n")).to_dict("list") == {"x": [1, 3], "y": [2, 4]}


def test_infinite_numbers_are_missing():
    frame = read_csv(write("x\n1\ninf\n-inf\n2\n"))
    assert frame["x"].isna().tolist() == [False, True, True, False]


def test_an_empty_line_is_a_missing_row_but_not_at_the_end():
    assert read_csv(write("x\n1\n\n3\n\n\n"))["x"].isna().tolist() == [False, True, False]
