"""The process that others are forked from, and where multiprocessing keeps its sockets."""

import multiprocessing
import os
import subprocess
import sys
from multiprocessing import util

from leyden.compat.multiprocessing import forkserver_pid

FOLDER = """
import sys
from multiprocessing import util
from leyden.compat.multiprocessing import set_temporary_folder, temporary_folder
assert temporary_folder() is None
set_temporary_folder(sys.argv[1])
assert temporary_folder() == util.get_temp_dir() == sys.argv[1]
"""


def parent():
    raise SystemExit(os.getppid() % 251)


def test_its_number_is_that_of_the_parent_of_what_is_forked():
    process = multiprocessing.get_context("forkserver").Process(target=parent)
    process.start()
    process.join()
    assert process.exitcode == forkserver_pid() % 251


def test_sockets_lie_where_it_is_said(tmp_path):
    assert hasattr(util, "get_temp_dir")
    subprocess.run([sys.executable, "-c", FOLDER, str(tmp_path)], check=True)
