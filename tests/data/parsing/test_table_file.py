"""A table is read as its owner would read it, or refused in a line: never bent."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from leyden.data import DataError
from leyden.data.parsing.table_file import column_of, numbers_of, read_table
from leyden.data.parsing.table_format import TableFormat
from leyden.data.report import DataReport

TEXT = "x,y\n1,a\n2,b\n3,c\n"
SAME = {"x": [1, 2, 3], "y": ["a", "b", "c"]}


def write(content, name="a.csv"):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def read(content, name="a.csv", **keys):
    """The table, and what is reported of it."""
    report = DataReport()
    return read_table(write(content, name), TableFormat(**keys), report), report


def cells(content, **keys):
    return read(content, **keys)[0].to_dict("list")


def refusal(content, name="a.csv", **keys):
    with pytest.raises(DataError) as raised:
        read(content, name, **keys)
    assert "\n" not in str(raised.value)
    return f"{raised.value.key}: {raised.value}"


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


PACKED = {
    "gzip": gzip.compress(TEXT.encode()),
    "bzip2": bz2.compress(TEXT.encode()),
    "xz": lzma.compress(TEXT.encode()),
    "zip": zipped(table=TEXT),
}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "table"])
def test_a_packed_file_is_read_whatever_its_name(packing, name):
    frame, report = read(PACKED[packing], name)
    assert frame.to_dict("list") == SAME
    assert report.source["packed"] == packing


@pytest.mark.parametrize("packing", PACKED)
def test_a_packed_file_that_is_cut_is_refused(packing):
    assert refusal(PACKED[packing][:-7]).startswith(f"path: is damaged ({packing})")


def test_a_file_that_unpacks_to_zeros_is_refused_at_the_first():
    assert "byte 0 is zero" in refusal(gzip.compress(bytes(50_000_000)))


def test_a_zip_of_several_files_is_refused_with_their_names():
    assert "holds 2 files (one, two)" in refusal(zipped(one=TEXT, two=TEXT))


def test_a_workbook_is_refused_with_what_to_do():
    assert "save it as CSV" in refusal(zipped(**{"[Content_Types].xml": "", "xl/a.xml": ""}))


def test_zstandard_is_refused_with_the_package_where_it_is_missing():
    assert "pip install zstandard" in refusal(b"\x28\xb5\x2f\xfd....")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "it has no rows"),
        (b"a,b\n", "it has names and no rows"),
        (b"a,b\n1,2\n1,2,3,4\n", "line 3 has 4 cells, and 2 columns are named"),
        (b"a,b\n1\n1,2\n3\n", "line 2 has 1 cells (2 such rows)"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote that begins in it is not closed"),
        (b'a,b\n1,2\n3,"4"5\n', "line 3: a quote in it can't be read"),
        (b"a,b\n1,\x00\n", "byte 6 is zero"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(content, reason):
    assert reason in refusal(content)


@pytest.mark.parametrize(("path", "reason"), [("gone.csv", "no such file"), (".", "is a folder")])
def test_what_is_no_file_is_refused(path, reason):
    with pytest.raises(DataError, match=reason) as raised:
        read_table(path, TableFormat(), DataReport())
    assert raised.value.key == "path"


# Encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_byte_order_mark_says_the_encoding(encoding, end):
    text = "Größe;Art\n1;ä\n2;ö\n".replace("\n", end)
    assert cells(text.encode(encoding)) == {"Größe": [1, 2], "Art": ["ä", "ö"]}


@pytest.mark.parametrize("encoding", ["cp1252", "cp1251", "utf-16-le", "utf-16-be", "shift_jis"])
def test_the_user_may_say_the_encoding(encoding):
    letter = {"cp1252": "ö", "utf-16-le": "ö", "utf-16-be": "ö"}.get(encoding, "Д")
    assert cells(f"x;y\n1;{letter}\n".encode(encoding), encoding=encoding)["y"] == [letter]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be"])
def test_another_encoding_is_refused_with_the_one_that_fits(encoding):
    assert f"data.encoding={encoding}" in refusal("Größe;Art\n1;ä\n".encode(encoding))


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1251", ["Москва", "Казань"]),
        ("koi8_r", ["Москва", "Казань"]),
        ("gb18030", ["北京市", "上海市"]),
        ("shift_jis", ["とうきょう", "カナダ"]),
        ("cp1250", ["Łódź", "Kraków"]),
        ("cp1253", ["Αθήνα", "Πάτρα"]),
        ("cp1252", ["5 €", "7 €"]),
    ],
)
def test_encodings_of_other_scripts_are_refused_with_the_one_that_fits(encoding, names):
    text = "name,x\n" + "".join(f"{names[row % 2]},{row}\n" for row in range(20))
    said = refusal(text.encode(encoding))
    assert f"data.encoding={encoding} reads `{names[0]},0` there" in said
    report = DataReport()
    frame = read_table("a.csv", TableFormat(encoding=encoding), report)
    assert report.column("name").example == names[0]
    assert len(frame) == 20


def test_stray_bytes_in_utf8_are_named_and_no_other_encoding_is_taken():
    rows = [f"Müller,{row}\n".encode() for row in range(20)]
    rows[4] = "Müller,4\n".encode("cp1252")
    content = b"".join([b"name,x\n", *rows])
    said = refusal(content)
    assert "line 6" in said
    assert "the file is in UTF-8, but this one byte is not" in said
    assert "the file is in UTF-8 (`üller,0`" in refusal(content, encoding="cp1252")
    rows[4] = rows[3]
    assert len(read(b"".join([b"name,x\n", *rows]))[0]) == 20


def test_what_the_fitting_encoding_reads_is_shown():
    message = refusal("x\n1\nGröße\n".encode("cp1252"))
    assert "byte 0xf6 in line 3" in message
    assert "`Größe`" in message


def test_utf_8_is_never_read_as_letters_of_one_byte():
    assert "the file is in UTF-8" in refusal("Größe,y\n1,2\n", encoding="cp1252")
    assert "the mark of utf-8" in refusal("x,y\n1,2\n".encode("utf-8-sig"), encoding="cp1252")


@pytest.mark.parametrize("encoding", ["nonsense", "base64"])
def test_an_encoding_that_there_is_not_is_refused(encoding):
    assert refusal(TEXT, encoding=encoding).startswith("encoding: is no encoding")


# Separators


@pytest.mark.parametrize(
    ("sign", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar")]
)
def test_the_sign_that_splits_all_rows_evenly_separates(sign, name):
    frame, report = read(TEXT.replace(",", sign))
    assert frame.to_dict("list") == SAME
    assert report.source["separator"] == name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            '"Area, total, m2";"Rooms, all";Price\n1;2;3\n4;5;6\n',
            ["Area, total, m2", "Rooms, all", "Price"],
        ),
        ("sep=;\nArea;Rooms, all\n1;2\n", ["Area", "Rooms, all"]),
        ("# exported 2026-11-01, by hand\n#\nArea,Rooms\n1,2\n", ["Area", "Rooms"]),
        ("Area, m2;Rooms\n1;2\n3;4\n", ["Area, m2", "Rooms"]),
        ("  Area   Rooms\n 1  2\n 10\t \t3\n", ["Area", "Rooms"]),
        ('mpg name\n18.0   "chevrolet chevelle"\n15.0\t"buick ""320"""\n', ["mpg", "name"]),
        ("x\n1,5\n2,5\n", ["x"]),
        ("# a b\n1 2\n3 4\n", ["a", "b"]),  # numpy.savetxt
        ("x,y,\n1,2,\n3,4,\n", ["x", "y"]),
        ("x,y\n1,2,\n3,4,\n", ["x", "y"]),
    ],
)
def test_a_file_has_the_columns_that_its_first_row_names(text, names):
    assert list(cells(text)) == names


def test_cells_between_blanks_may_be_quoted():
    text = 'mpg name\n18.0   "chevrolet chevelle"\n15.0\t"buick ""320"""\n'
    assert cells(text)["name"] == ["chevrolet chevelle", 'buick "320"']


def test_a_separator_that_could_be_two_is_refused_with_both():
    message = refusal("a,b;c,d\n1,5;2,5\n2,5;3,5\n")
    assert "data.separator=comma or data.separator=semicolon" in message
    assert list(cells("a,b;c,d\n1,5;2,5\n", separator="semicolon")) == ["a,b", "c,d"]


def test_tabs_and_blanks_as_they_come_are_refused_with_both():
    text = "a b \tc\n1 2 \t3\n4 5\t6\n"
    assert "data.separator=tab or data.separator=blank" in refusal(text)
    assert cells(text, separator="blank") == {"a": [1, 4], "b": [2, 5], "c": [3, 6]}


def test_lines_above_the_names_are_skipped_as_the_user_says():
    text = "Report\nof 2026, by me, now\na,b\n1,2\n"
    assert cells(text, skip_lines=2) == {"a": [1], "b": [2]}


def test_a_line_ends_at_line_ends_alone():
    assert cells('a,b\n1,x\u2028y\n2,"z\nw"\n')["b"] == ["x\u2028y", "z\nw"]


@pytest.mark.parametrize("text", ["x\n1\n\n3\n\n\n", "x,y\n1,1\n,\n3,3\n,\n"])
def test_an_empty_row_is_missing_but_not_at_the_end(text):
    assert np.isnan(cells(text)["x"]).tolist() == [False, True, False]


def test_empty_lines_between_rows_of_several_cells_are_no_rows():
    frame, report = read("x,y\r\r\n1,2\r\r\n3,4\r\r\n")  # as Windows writes it
    assert frame.to_dict("list") == {"x": [1, 3], "y": [2, 4]}
    assert report.rows_left_out == {"empty lines": 3}


# Names


@pytest.mark.parametrize(
    "text", ["1,2\n3,4\n", "5.1,3.5,setosa\n4.9,3.0,setosa\n", "2019,2020\n1,2\n"]
)
def test_a_first_row_that_looks_like_data_is_refused_unless_the_user_says_what_it_is(text):
    assert "data.header=false" in refusal(text)
    rows = text.splitlines()
    assert list(cells(text, header=True)) == rows[0].split(",")
    without = cells(text, header=False)
    assert list(without) == [str(place) for place in range(len(rows[0].split(",")))]
    assert [str(one[0]) for one in without.values()] == [
        str(float(cell)) if cell[0].isdigit() else cell for cell in rows[0].split(",")
    ]


@pytest.mark.parametrize("text", ["0,1,2\n3,4,5\n", "x,1\n2,3\n4,5\n", "price ($),2019\n1,2\n"])
def test_names_may_be_numbers_where_others_are_not(text):
    assert list(cells(text)) == text.splitlines()[0].split(",")


def test_a_name_that_comes_again_is_changed_with_a_warning():
    frame, report = read("a,b,a,\n1,2,3,4\n5,6,7,8\n")
    assert list(frame) == ["a", "b", "a.1", "Unnamed: 3"]
    assert report.warnings == ["two columns are called `a`; the second is `a.1` here"]


# Cells


def column(*given, **keys):
    """A column of these cells, what it holds, and what is said of it."""
    lines = "".join(f'0;"{cell}"\n' for cell in given)
    frame, report = read(f"z;x\n{lines}", **keys)
    return frame["x"].tolist(), report.column("x"), report


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        (["1e5", "2E-3", "+.5", "5.", "-0"], [1e5, 2e-3, 0.5, 5, 0]),
        (["\u22121.5", "2"], [-1.5, 2]),
        ([" 1 ", "\u00a02\u00a0"], [1, 2]),
        (["0.1", "0.30000000000000004"], [0.1, 0.30000000000000004]),
        (["9007199254740992", "1"], [2.0**53, 1]),
        (["100000000000000000000", "1"], [1e20, 1]),
        (["12.5%", "3 %"], [12.5, 3]),
        (["$5", "$6.5"], [5, 6.5]),
        (["45.1 y", "3 y"], [45.1, 3]),
    ],
)
def test_numbers_are_those_that_are_written(given, numbers):
    found, described, _ = column(*given)
    assert described.kind == "numbers"
    assert found == numbers


@pytest.mark.parametrize(
    "given",
    [
        ["01", "1"],
        ["9007199254740993", "1"],
        ["1_000", "abc"],
        ["0x1F", "0x20"],
        ["\u0661", "\u0662"],
        ["True", "False"],
        ["yes", "no"],
        ["None", "NA"],
        ["3a", "4b"],
    ],
)
def test_what_is_no_number_stays_as_it_is_written(given):
    found, described, _ = column(*given)
    assert found == given
    assert described.kind in ("text", "flags")
    assert described.missing == {}


WORDS = [
    *("?", "-", "n.a.", "NA", "N/A", "null", "None", "nan", "NaN", ".", "--"),
    *("inf", "-Infinity", "#DIV/0!", "1e999"),
]


@pytest.mark.parametrize("word", WORDS)
def test_words_of_missing_are_missing_in_a_column_of_numbers_and_are_named(word):
    found, described, _ = column("1", word, "2.5", word, "")
    assert np.array_equal(found, [1, np.nan, 2.5, np.nan, np.nan], equal_nan=True)
    assert described.missing == {"": 1, word: 2}


def test_the_user_may_say_what_is_missing_in_every_column():
    frame, report = read("x,y\n-999,u\n1,-999\n-999.0,v\n2,w\n", missing=(-999, "w", "q"))
    assert frame["x"].isna().tolist() == [True, False, True, False]
    assert frame["y"].isna().tolist() == [False, True, False, True]
    assert report.notes == ["data.missing: no cell is `q`"]


@pytest.mark.parametrize(
    ("given", "keys", "hints"),
    [
        (["865", "2,455"], {}, ["`2,455` (line 3)", "data.thousands=comma reads 2455"]),
        (["30,000", "32,000"], {}, ["data.thousands=comma"]),
        (["12,604.90", "3"], {}, ["data.thousands=comma reads 12604.9"]),
        (["1 234", "865"], {}, ["data.thousands=blank"]),
        (["1'234", "865"], {}, ["data.thousands=apostrophe"]),
        (["1,5", "2,25"], {}, ["data.decimal=comma reads 1.5"]),
        (["1.234,5", "8,65"], {}, ["data.decimal=comma data.thousands=point"]),
        (["865", "2,455"], {"decimal": "comma"}, ["may be 2.455 or 2455", "data.thousands=comma"]),
        (["30,000", "32,000"], {"decimal": "comma"}, ["may be 30 or 30000"]),
        (["1.5", "2,5"], {"decimal": "comma"}, ["`1.5` (line 2) is no number"]),
        (["865", "2.455"], {}, ["may be 2.455 or 2455"]),
        ([*map(str, range(9)), "12.5%"], {}, ["`12.5%` (line 11)", "data.missing=['12.5%']"]),
        ([*map(str, range(9)), "45.1 y"], {}, ["data.missing=['45.1 y']"]),
        ([*map(str, range(9)), "unknown"], {}, ["data.missing=[unknown]"]),
        (["(5)", "(6)", "7"], {}, ["`(5)` (line 2) is no number"]),
        (["02/03/2026", "03/04/2026"], {}, ["can be read in"]),
    ],
)
def test_cells_in_doubt_are_a_problem_with_what_to_type(given, keys, hints):
    _, described, _ = column(*given, **keys)
    assert all(hint in described.problem for hint in hints), described.problem


@pytest.mark.parametrize("given", [["865", "2,455"], ["1,000", "2,000"]])
def test_a_decimal_comma_is_not_proposed_where_commas_group_three_digits(given):
    assert "data.decimal=comma" not in column(*given)[1].problem


@pytest.mark.parametrize(
    ("given", "keys", "numbers"),
    [
        (["2,5", "3,25", "4,125"], {"decimal": "comma"}, [2.5, 3.25, 4.125]),
        (["0,126", "-0,36", "1,234"], {"decimal": "comma"}, [0.126, -0.36, 1.234]),
        (["1,5", "12,345", "-", ""], {"decimal": "comma"}, [1.5, 12.345, None, None]),
        (["1 234,5", "2 345,125"], {"decimal": "comma", "thousands": "blank"}, [1234.5, 2345.125]),
        (["4,310", "5,321"], {"decimal": "comma"}, [4.31, 5.321]),
        (["4,310", "5,321"], {"thousands": "comma"}, [4310, 5321]),
    ],
)
def test_every_form_that_reads_a_column_is_proposed_and_then_reads_it(given, keys, numbers):
    typed = " ".join(f"data.{key}={value}" for key, value in keys.items())
    assert f"{typed} reads {numbers[0]:.15g}" in column(*given)[1].problem
    found, described, _ = column(*given, **keys)
    assert described.problem == ""
    assert np.array_equal(found, np.array(numbers, dtype=float), equal_nan=True)


def test_an_odd_word_does_not_hide_that_numbers_have_a_decimal_comma():
    assert "data.decimal=comma reads 1.5" in column("1,5", "2,25", "unknown")[1].problem


@pytest.mark.parametrize(
    ("given", "keys", "numbers"),
    [
        (["865", "2,455"], {"thousands": "comma"}, [865, 2455]),
        (["1,234,567.5", "2"], {"thousands": "comma"}, [1234567.5, 2]),
        (["865", "2.455"], {"thousands": "point", "decimal": "comma"}, [865, 2455]),
        (["1.234,5", "0,5"], {"thousands": "point", "decimal": "comma"}, [1234.5, 0.5]),
        (["1 234", "1\u202f234", "1\u00a0234"], {"thousands": "blank"}, [1234, 1234, 1234]),
        (["1'234", "1\u2019234"], {"thousands": "apostrophe"}, [1234, 1234]),
        (["865", "2,455"], {"thousands": "none", "decimal": "comma"}, [865, 2.455]),
        (["0,567", "2,455"], {"decimal": "comma"}, [0.567, 2.455]),
        (["865", "2.455"], {"thousands": "none"}, [865, 2.455]),
        (["1865", "2.455"], {}, [1865, 2.455]),
    ],
)
def test_keys_say_how_numbers_are_written(given, keys, numbers):
    found, described, _ = column(*given, **keys)
    assert found == numbers
    assert described.problem == ""


def stata():
    pd.DataFrame({"x": [1, 2], "y": ["a", "b"]}).to_stata("made.dta", write_index=False)
    return Path("made.dta").read_bytes()


def sqlite():
    with closing(sqlite3.connect("made.sqlite")) as connection:
        connection.execute("CREATE TABLE t (x INTEGER)")
        connection.commit()
    return Path("made.sqlite").read_bytes()


def tar():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.add(write(TEXT, "t.csv"))
    return buffer.getvalue()


FOREIGN = {
    "JSON lines": lambda: '{"x": 1, "y": "a"}\n{"x": 2, "y": "b"}\n',
    "JSON": lambda: '[{"x": 1, "y": "a"},\n {"x": 2, "y": "b"}]',
    "JSON,": lambda: '{"x": {"0": 1}, "y": {"0": "a"}}',
    "HTML": lambda: "<!DOCTYPE html>\n<html><table><tr><td>1</td></tr></table></html>",
    "XML": lambda: "<?xml version='1.0'?>\n<rows><row><x>1</x></row></rows>",
    "a dump of SQL": lambda: "-- dump\nCREATE TABLE `t` (\n x int);\nINSERT INTO t VALUES (1);\n",
    "ARFF": lambda: "% iris\n@RELATION iris\n@ATTRIBUTE x NUMERIC\n@DATA\n5.1\n",
    "a .ts file": lambda: "#a\n@problemName Gun\n@univariate true\n@data\n1,2,3:a\n",
    "a table drawn with lines": lambda: "+---+---+\n| x | y |\n+---+---+\n| 1 | a |\n+---+---+\n",
    "a table of Markdown": lambda: "| x | y |\n|---|:-:|\n| 1 | a |\n",
    "a file of LIBSVM": lambda: "+1 1:0.5 3:2\n-1 2:1\n",
    "separated by `::`": lambda: "1::1193::5::978300760\n1::661::3::978302109\n",
    "a file of Stata": stata,
    "a database of SQLite": sqlite,
    "an archive (tar)": tar,
    "a pickle": lambda: pickle.dumps({"x": [1, 2]}),
    "a workbook of Excel": lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
    "a file of R": lambda: gzip.compress(b"X\n\0\0\0\3" + bytes(90)),
    "an HDF5 file": lambda: b"\x89HDF\r\n\x1a\n" + bytes(90),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_of_another_format_is_called_so_and_a_way_out_is_named(kind):
    said = refusal(FOREIGN[kind]())
    assert said.startswith(f"path: is {kind}")
    assert "; " in said


@pytest.mark.parametrize(
    "text",
    ["[x],{y}\n1,a\n2,b\n", "<x>,y\n1,a\n2,b\n", "x,copy from\n1,a\n2,b\n", "+x,-y\n1,a\n2,b\n"],
)
def test_names_with_signs_make_no_other_format_of_a_table(text):
    assert len(read(text)[0]) == 2


BODY = "Time,Temp,RH\n2024-01-01,1.5,40\n2024-01-02,2.5,41\n2024-01-03,3.5,43\n"


@pytest.mark.parametrize(
    "above",
    [
        *("Logger: X12\nSerial: 1234\nStart,2024-01-01\n\n", "Export of 2024\n", "\n\nUnits: K\n"),
        '"Data Source","World"\n\n"Last Updated","2024"\n\n',
    ],
)
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_lines_above_the_names_are_counted_in_what_is_to_be_typed(above, sign):
    text = (above + BODY).replace(",", sign)
    lines = above.count("\n")
    said = refusal(text)
    assert f"data.skip_lines={lines} takes line {lines + 1} for the names (Time, Temp, RH)" in said
    assert read(text, skip_lines=lines)[0]["Temp"].tolist() == [1.5, 2.5, 3.5]


def test_lines_below_the_table_are_named():
    said = refusal(BODY + "\nData from: WDI\nLast Updated: 2024\n")
    assert "line 6 has 1 cells (2 such rows)" in said
    assert "remove these lines at the end of the file" in said


def test_a_number_of_two_cells_is_no_row_name_and_no_table_below():
    said = refusal("v,y\n4,5,1\n2,5,0\n3,5,1\n")
    assert "a number with a comma in it needs quotes" in said
    assert "skip_lines=" not in said
    assert cells("v\n1,5\n2,5\n", decimal="comma") == {"v": [1.5, 2.5]}


@pytest.mark.parametrize("first", ["chr1\tNA\t.", "chr1\t5\t0.5", "chr1\tNA\t0.5"])
def test_names_may_stand_behind_a_sign_of_comments(first):
    text = f"##track\n#chrom\tpos\tscore\n{first}\n" + "chr2\t7\t0.25\nchr3\t9\t0.125\n"
    frame = read(text)[0]
    assert list(frame) == ["chrom", "pos", "score"]
    assert len(frame) == 3


LETTERS = [",".join("pxsntfcyb"[(row * place) % 9] for place in range(2, 8)) for row in range(40)]


def test_a_first_row_of_texts_that_come_again_in_their_columns_is_no_names():
    said = refusal("\n".join(LETTERS))
    assert "its first row looks like data" in said
    assert len(read("\n".join(LETTERS), header=False)[0]) == 40
    assert list(read("a,b,c,d,e,f\n" + "\n".join(LETTERS))[0]) == list("abcdef")


def test_whole_numbers_from_0_on_are_names_beside_a_name():
    rows = "".join(f"{row}.5,{row * row % 7}.25,{'uv'[row % 2]}\n" for row in range(20))
    assert list(read(f"0,1,label\n{rows}")[0]) == ["0", "1", "label"]
    assert "looks like data" in refusal(f"0,1,u\n{rows}")


@pytest.mark.parametrize("sign", [" ", "\t", ","])
@pytest.mark.parametrize("key", ["{}", '"{}"', "row{}"])
def test_row_names_of_r_need_no_name(sign, key):
    rows = "".join(f'{key.format(row + 1)}{sign}{row}.5{sign}"ab"\n' for row in range(20))
    frame, report = read(f'"x"{sign}"g"\n{rows}')
    assert list(frame) == ["Unnamed: 0", "x", "g"]
    assert frame["x"].tolist() == [row + 0.5 for row in range(20)]
    assert "each row begins with a cell that has no name in the first row" in report.notes


GPS = "pop;lat\n919;48.00000\n393.882;48.00100\n"


@pytest.mark.parametrize("lat", ["48.00000", "48.5", ".5", "0.125"])
def test_decimals_in_another_column_do_not_say_that_the_sign_groups_no_digits(lat):
    report = read(GPS.replace("48.00000", lat))[1]
    problem = report.column("pop").problem
    assert (
        "`393.882` (line 3) may be 393.882 or 393882; data.thousands=none reads 393.882" in problem
    )
    assert problem.endswith(
        f"but not `{lat}` of column lat: write one of the two columns otherwise"
    )
    assert report.column("lat").problem == ""
    frame, report = read(GPS.replace("48.00000", lat), thousands="none")
    assert frame["pop"].tolist() == [919, 393.882]
    assert not any(one.problem for one in report.columns)


def test_a_form_that_breaks_another_column_is_proposed_with_a_caveat():
    problem = read(f"{GPS}1.234.567;48.5\n")[1].column("pop").problem
    assert "reads 1234567, but not `48.00000` of column lat" in problem
    problem = read("x;y\n1,5;2.25\n2,25;1\n")[1].column("x").problem
    assert "data.decimal=comma reads 1.5, but not `2.25` of column y" in problem


def test_of_two_forms_the_one_that_keeps_the_decimals_of_another_column_is_proposed():
    problem = read("x;y\n4,310;2.25\n5,321;1\n")[1].column("x").problem
    assert problem.endswith("data.thousands=comma reads 4310")


def test_a_number_of_three_decimals_is_noted_whatever_other_columns_hold():
    notes = read("pop;lat\n1.905 EUR;48.1\n2.310 EUR;48.25\n")[1].notes
    assert "column pop: all numbers have three decimals; `1.905` is taken as 1.905" in notes


@pytest.mark.parametrize("cell", ["1,23", "12,34,567", "1234,567", "0,123", ",123"])
def test_groups_that_are_not_of_three_digits_are_no_numbers(cell):
    assert column("1,234", "5", cell, thousands="comma")[1].kind == "text"


def test_one_sign_can_not_be_both():
    with pytest.raises(DataError, match="the same sign"):
        TableFormat(decimal="comma", thousands="comma")


def test_a_column_of_text_that_holds_numbers_too_is_said():
    tickets = [*map(str, range(20)), *(f"A/{n} x{n}" for n in range(10))]
    _, described, report = column(*tickets)
    assert (described.kind, described.problem) == ("text", "")
    assert "column x is taken as text: 20 cells are numbers, 10 are not" in report.warnings[0]


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (["2026-01-05", "2026-01-06"], "times"),
        (["12:30", "13:00"], "times"),
        (["2026-01-05", "?"], "times"),
        (["ab12", "cd34"], "text"),
    ],
)
def test_times_are_told_from_text(given, kind):
    assert column(*given)[1].kind == kind


@pytest.mark.parametrize(
    ("numbers", "number"),
    [
        ([1, 2, 3, -999, -999], "-999"),
        ([20, 30, 40, 9999, 9999], "9999"),
        ([0.1, 0.2, 0.3, -1, -1], "-1"),
    ],
)
def test_a_number_that_may_stand_for_missing_is_said(numbers, number):
    warnings = column(*numbers)[2].warnings
    assert f"data.missing=[{number}]" in warnings[0]


@pytest.mark.parametrize(
    "numbers", [[1, 2, 3, 99], [80, 90, 99, 99], [1, 2, 1000, 1000], [-1, -1, 3, 4]]
)
def test_a_number_among_others_is_no_word_for_missing(numbers):
    assert column(*numbers)[2].warnings == []


def test_a_cell_is_shown_in_one_line_that_is_not_too_long():
    _, described, _ = column(*map(str, range(20)), "two\nlines \x1b[31m" + 100 * "x")
    assert "`two\\nlines \\x1b[31mxxxxxxxxxxxxxxxxxx...` (line 23)" in described.problem


def test_a_name_of_several_lines_is_one_that_can_be_typed():
    assert list(cells('"Price\n($)",y\n1,2\n')) == ["Price ($)", "y"]


def test_of_many_columns_some_are_named():
    text = ",".join(f"c{place}" for place in range(100)) + "\n" + ",".join(["1"] * 100) + "\n"
    frame, _ = read(text)
    with pytest.raises(DataError, match="c18, c19 and 80 more"):
        column_of(frame, "zzz", key="target")


# Files that say what their cells are


def test_parquet_is_read_as_it_says():
    frame = pd.DataFrame(
        {
            "n": [1, 2, None],
            "big": [2**60 + 1, 2, 3],
            "text": ["NA", None, ""],
            "flag": [True, False, True],
            "kind": pd.Categorical(["u", "v", "u"]),
            "day": pd.to_datetime(["2026-01-01", None, "2026-01-03"]),
            "list": [[1], [2], [3]],
        }
    )
    frame.to_parquet("a.parquet")
    report = DataReport()
    found = read_table("a.parquet", TableFormat(), report)
    assert found["n"].tolist()[:2] == [1, 2]
    assert np.isnan(found["n"][2])
    assert found["big"].tolist() == ["1152921504606846977", "2", "3"]
    assert found["text"].tolist() == ["NA", None, None]
    assert found["flag"].tolist() == ["True", "False", "True"]
    assert found["kind"].tolist() == ["u", "v", "u"]
    assert found["day"].isna().tolist() == [False, True, False]
    assert "list" not in found
    assert "column list holds" in report.warnings[0]
    kinds = [report.column(name).kind for name in ("n", "big", "text", "flag", "day")]
    assert kinds == ["numbers", "text", "text", "flags", "times"]


def test_numbers_of_parquet_are_those_of_csv():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.normal(size=50), "k": rng.integers(0, 9, 50), "t": list("ab") * 25}
    )
    frame.to_parquet("a.parquet")
    frame.to_csv("a.csv", index=False)
    one, other = (read_table(name, TableFormat(), DataReport()) for name in ("a.parquet", "a.csv"))
    pd.testing.assert_frame_equal(one, other)


def test_arrays_are_columns():
    np.savez("a.npz", X=np.arange(6.0).reshape(3, 2), y=np.array(["u", "v", "w"]), n=np.array(5))
    frame = read_table("a.npz", TableFormat(), DataReport())
    assert frame.to_dict("list") == {"X_0": [0, 2, 4], "X_1": [1, 3, 5], "y": ["u", "v", "w"]}
    np.save("a.npy", np.array([(1, 2.5), (2, np.inf)], dtype=[("a", ">i4"), ("b", "f4")]))
    report = DataReport()
    frame = read_table("a.npy", TableFormat(), report)
    assert frame["a"].tolist() == [1, 2]
    assert report.column("b").missing == {"inf": 1}


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([{}], dtype=object), "which could run code"),
        (np.zeros((2, 2, 2)), "of shape (2, 2, 2)"),
        (np.array([1j]), "of type complex128"),
    ],
)
def test_arrays_that_make_no_table_are_refused(array, reason):
    np.save("a.npy", array, allow_pickle=True)
    with pytest.raises(DataError) as raised:
        read_table("a.npy", TableFormat(), DataReport())
    assert reason in str(raised.value)


def test_arrays_of_different_lengths_are_refused():
    np.savez("a.npz", x_train=np.zeros(3), x_test=np.zeros(2))
    with pytest.raises(DataError, match="x_train 3, x_test 2"):
        read_table("a.npz", TableFormat(), DataReport())


def test_an_array_that_says_it_is_larger_than_its_file_is_refused():
    np.save("a.npy", np.arange(6).reshape(3, 2))
    content = Path("a.npy").read_bytes().replace(b"(3, 2)", b"(3,2000000000)")
    assert "cut off" in refusal(content, "a.npy")


@pytest.mark.parametrize("kind", ["a.parquet", "a.npz", "a.npy"])
def test_a_damaged_file_is_refused_in_a_line_or_read(kind):
    frame = pd.DataFrame({"x": range(200), "y": list("ab") * 100})
    if kind == "a.parquet":
        frame.to_parquet(kind)
    elif kind == "a.npz":
        np.savez(kind, x=frame["x"], y=frame["y"].to_numpy(dtype="U1"))
    else:
        np.save(kind, frame["x"])
    whole, rng = Path(kind).read_bytes(), np.random.default_rng(0)
    refusals = []
    for number in range(60):
        content = bytearray(whole[: rng.integers(len(whole))] if number % 2 else whole)
        for place in rng.integers(0, len(content) or 1, 4):
            content[place : place + 1] = bytes([rng.integers(256)])
        try:
            read(bytes(content), kind)
        except DataError as error:
            refusals.append(str(error))
    assert len(refusals) >= 20
    assert not any("\n" in refusal for refusal in refusals)


@pytest.mark.parametrize("name", ["a.parquet", "a.npz", "a.npy"])
def test_an_ending_that_lies_is_refused(name):
    assert "can't be read as" in refusal(TEXT, name)


@pytest.mark.parametrize("keys", [{"separator": "comma"}, {"decimal": "comma"}, {"header": False}])
def test_a_key_of_text_files_is_refused_for_others(keys):
    pd.DataFrame({"x": [1, 2]}).to_parquet("a.parquet")
    with pytest.raises(DataError, match="the file is Parquet") as raised:
        read_table("a.parquet", TableFormat(**keys), DataReport())
    assert raised.value.key == next(iter(keys))


# Columns by name


def test_a_column_that_is_missing_is_told_with_those_that_are_there():
    frame, _ = read("x,yard\n1,2\n")
    assert column_of(frame, "x", key="target").tolist() == [1]
    with pytest.raises(DataError, match="no column `z`; the columns: x, yard"):
        column_of(frame, "z", key="target")
    with pytest.raises(DataError, match="did you mean `yard`"):
        column_of(frame, "yards", key="target")


@pytest.mark.parametrize(
    ("name", "reason"),
    [("t", "holds text, no numbers"), ("e", "is empty"), ("p", "data.thousands=comma")],
)
def test_a_column_that_has_to_hold_numbers_is_refused_with_the_reason(name, reason):
    frame, report = read("n;t;e;p\n1;a;;2,455\n2;b;;865\n")
    assert numbers_of(frame, "n", report, key="target").tolist() == [1, 2]
    with pytest.raises(DataError) as raised:
        numbers_of(frame, name, report, key="features")
    assert raised.value.key == "features"
    assert reason in str(raised.value)
