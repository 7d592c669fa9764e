"""Which process is which."""

import os
import subprocess
import sys

import pytest

from leyden.run.lock import is_alive, mark_of, may_be_alive, process_mark


def test_this_process_is_alive():
    assert is_alive(process_mark())


@pytest.mark.parametrize("changes", [{"pid": 2**22 + 1}, {"started": 1}])
def test_a_process_that_is_gone_or_whose_number_came_again_is_not(changes):
    assert not is_alive(process_mark() | changes)


def test_a_process_that_ended_unasked_for_is_not():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        mark = mark_of(child.pid)
        assert is_alive(mark)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie
        assert not is_alive(mark)


def test_a_process_of_another_machine_may_hold_a_folder():
    assert may_be_alive(process_mark() | {"host": "elsewhere", "boot": "another"})


def test_a_process_of_another_container_of_this_machine_does_not_hold_what_is_not_locked():
    assert not may_be_alive(process_mark() | {"host": "elsewhere"})


def test_a_mark_of_an_earlier_version_is_read():
    mark = {key: value for key, value in process_mark().items() if key != "boot"}
    assert is_alive(mark)
    assert may_be_alive(mark | {"host": "elsewhere"})
