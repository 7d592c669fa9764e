import os
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leyden.files.walk import by_ending, find_files, visible_files


def write(*names):
    for name in map(Path, names):
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(b"x")


def found(folder="d"):
    return [file.as_posix() for file in find_files(Path(folder)).files]


def test_files_are_in_the_order_of_their_names_at_any_depth():
    write("d/b", "d/a/z/y/x", "d/a/b", "d/10", "d/9")
    assert found() == ["d/10", "d/9", "d/a/b", "d/a/z/y/x", "d/b"]


def test_links_to_files_and_folders_are_followed():
    write("elsewhere/inner/a", "b", "d/c")
    Path("d/folder").symlink_to(Path("elsewhere").resolve())
    Path("d/file").symlink_to("../b")
    assert found() == ["d/c", "d/file", "d/folder/inner/a"]


@pytest.mark.parametrize("target", [".", "..", "../..", "../../a", "../../../d/a/b"])
def test_a_link_that_leads_back_ends_the_walk_with_a_count(target):
    write("d/a/b/c")
    Path("d/a/b/loop").symlink_to(target)
    result = find_files(Path("d"))
    assert [file.as_posix() for file in result.files] == ["d/a/b/c"]
    assert result.left_out == {"link to a folder that it lies in": 1}


def test_two_folders_that_link_to_each_other_end():
    write("d/a/x", "d/b/y")
    Path("d/a/to_b").symlink_to("../b")
    Path("d/b/to_a").symlink_to("../a")
    assert found() == ["d/a/to_b/y", "d/a/x", "d/b/to_a/x", "d/b/y"]


def test_broken_links_and_what_is_no_file_are_counted():
    write("d/a")
    Path("d/broken").symlink_to("nowhere")
    os.mkfifo("d/pipe")
    assert find_files(Path("d")).left_out == {"broken link": 1, "no regular file": 1}


def test_hidden_files_are_counted_and_debris_is_not():
    write("d/a", "d/.b", "d/.c/e", "d/.c/f")
    write("d/Thumbs.db", "d/.DS_Store", "d/desktop.ini", "d/._a", "d/__MACOSX/a", "d/.git/config")
    result = find_files(Path("d"))
    assert [file.as_posix() for file in result.files] == ["d/a"]
    assert result.left_out == {"hidden": 3}


def test_a_hidden_folder_that_is_named_itself_is_read():
    write(".d/a", ".d/.b")
    assert visible_files(Path(".d")) == [Path(".d/a")]


def test_files_are_counted_by_their_ending():
    assert by_ending(map(Path, ["a.TXT", "b.txt", "c", "d.tar.gz"])) == {
        "ending .txt": 2,
        "no ending": 1,
        "ending .gz": 1,
    }


names = st.sampled_from(["a", "b", ".c", "Thumbs.db", "d.txt"])


@given(st.sets(st.tuples(names, names, names), min_size=1, max_size=12))
def test_every_file_is_found_or_counted_or_debris(paths):
    root = Path(mkdtemp(dir="."))
    write(*(root / f"{first}1" / f"{second}2" / name for first, second, name in paths))
    result = find_files(root)
    debris = sum(path[2] == "Thumbs.db" for path in paths)
    assert len(result.files) + result.left_out.total() + debris == len(paths)
