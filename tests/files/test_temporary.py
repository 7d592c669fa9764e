"""Temporary folders."""

import os
import signal
import subprocess
import sys
from itertools import count

from leyden.files import temporary
from leyden.files.temporary import hold, temporary_folder

WAIT = """
import sys, time
from pathlib import Path
from leyden.files.temporary import temporary_folder

with temporary_folder(Path(sys.argv[1]), "leyden-") as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_a_folder_ends_with_its_block(tmp_path):
    with temporary_folder(tmp_path, "leyden-") as folder:
        (folder / "file").touch()
    assert not list(tmp_path.iterdir())


def interrupted_at(number):
    """Raises Ctrl-C's error before such a line of this module while a folder is made."""
    seen = count(1)

    def trace(frame, event, _):
        if frame.f_code.co_filename != temporary.__file__:
            return None
        if event == "line" and next(seen) == number:
            raise KeyboardInterrupt
        return trace

    return trace


def test_a_ctrl_c_at_any_line_before_the_block_leaves_no_folder(tmp_path):
    for number in count(1):
        sys.settrace(interrupted_at(number))
        try:
            with temporary_folder(tmp_path, "leyden-"):
                sys.settrace(None)
                break
        except KeyboardInterrupt:
            assert not list(tmp_path.iterdir()), number
        finally:
            sys.settrace(None)
    assert number > 10


def test_a_folder_of_a_process_that_was_killed_is_removed_by_the_next(tmp_path):
    words = [sys.executable, "-c", WAIT, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        with temporary_folder(tmp_path, "leyden-"):
            assert len(list(tmp_path.iterdir())) == 2
        process.send_signal(signal.SIGKILL)
    with temporary_folder(tmp_path, "leyden-") as own:
        assert list(tmp_path.iterdir()) == [own]


def test_a_folder_that_another_process_uses_is_left(tmp_path):
    used = tmp_path / "leyden-1"
    used.mkdir()
    handle = hold(used)
    with temporary_folder(tmp_path, "leyden-"):
        pass
    assert used.is_dir()
    os.close(handle)
    with temporary_folder(tmp_path, "leyden-"):
        pass
    assert not used.exists()


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "leyden-link").symlink_to(tmp_path / "elsewhere")
    with temporary_folder(tmp_path, "leyden-"):
        pass
    assert (tmp_path / "elsewhere").is_dir()


def test_a_process_that_was_forked_meanwhile_removes_nothing(tmp_path):
    with temporary_folder(tmp_path, "leyden-") as folder:
        context = temporary_folder(tmp_path, "other-")
        inner = context.__enter__()
        pid = os.fork()
        if pid == 0:
            context.__exit__(None, None, None)
            os._exit(0)
        os.waitpid(pid, 0)
        assert inner.is_dir()
        assert folder.is_dir()
        context.__exit__(None, None, None)
