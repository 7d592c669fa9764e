from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import sleep

import pytest

from leyden.data import DataError
from leyden.data.fetching import data_folder, fetch_into

FOLDER = Path("sets", "letters")


def fill(folder):
    """Takes its time, and counts how often it is called."""
    with Path("calls").open("a") as calls:
        calls.write("x")
    sleep(0.1)
    (folder / "a").write_text("A")


def failing(error):
    def fill_half(folder):
        (folder / "half").write_text("")
        raise error

    return fill_half


def fetch(_=0):
    fetch_into(FOLDER, fill, by_hand="copy it")


def test_the_folder_holds_what_was_filled_in():
    fetch()
    assert [file.read_text() for file in FOLDER.iterdir()] == ["A"]


def test_nothing_is_left_beside_the_folder_but_the_lock():
    fetch()
    assert sorted(path.name for path in FOLDER.parent.iterdir()) == [".letters.lock", "letters"]


def test_a_folder_that_is_there_is_not_filled_again():
    fetch()
    fetch()
    assert Path("calls").read_text() == "x"


def test_of_several_threads_that_ask_at_once_one_fills_the_folder():
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fetch, range(4)))
    assert Path("calls").read_text() == "x"


def test_of_several_processes_that_ask_at_once_one_fills_the_folder():
    processes = [get_context("fork").Process(target=fetch) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert Path("calls").read_text() == "x"


def test_the_folder_is_not_seen_before_it_is_whole():
    def look(folder):
        assert not FOLDER.exists()
        fill(folder)

    fetch_into(FOLDER, look, by_hand="copy it")
    assert FOLDER.exists()


errors = pytest.mark.parametrize("error", [OSError("no route"), RuntimeError("a\nno route")])


@errors
def test_a_failure_says_why_and_what_can_be_done_by_hand(error):
    with pytest.raises(DataError, match=r"no route.*; copy it$") as raised:
        fetch_into(FOLDER, failing(error), by_hand="copy it")
    assert raised.value.key is None


def test_a_failure_without_a_message_names_its_kind():
    with pytest.raises(DataError, match="TimeoutError"):
        fetch_into(FOLDER, failing(TimeoutError()), by_hand="copy it")


@pytest.mark.parametrize("error", [OSError(), RuntimeError(), ValueError(), KeyboardInterrupt()])
def test_a_failure_leaves_nothing_but_the_lock(error):
    with pytest.raises((DataError, type(error))):
        fetch_into(FOLDER, failing(error), by_hand="copy it")
    assert [path.name for path in FOLDER.parent.iterdir()] == [".letters.lock"]


def test_after_a_failure_it_can_be_fetched():
    with pytest.raises(DataError):
        fetch_into(FOLDER, failing(OSError("no route")), by_hand="copy it")
    fetch()
    assert (FOLDER / "a").is_file()


@pytest.mark.parametrize(
    ("variable", "expected"),
    [(None, "home/.cache/leyden"), ("", "home/.cache/leyden"), ("~/d", "home/d"), ("d", "d")],
)
def test_downloads_are_kept_where_leyden_data_says(variable, expected, monkeypatch):
    monkeypatch.setenv("HOME", "home")
    monkeypatch.delenv("LEYDEN_DATA", raising=False)
    if variable is not None:
        monkeypatch.setenv("LEYDEN_DATA", variable)
    assert data_folder() == Path(expected)
