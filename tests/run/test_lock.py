"""One process in a folder."""

import os
import subprocess
import sys

import pytest
from filelock import FileLock

from leyden.errors import ConfigError, Problem
from leyden.run.lock import LOCK, OWNER, execution_lock, folder_lock

HOLD = """
import sys, time
from pathlib import Path
from leyden.run.lock import folder_lock

with folder_lock(Path(sys.argv[1]), key="run_dir"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_folder_that_is_held_is_refused_and_its_holder_named(tmp_path):
    with (
        folder_lock(tmp_path, key="run_dir"),
        pytest.raises(ConfigError, match=f"process {os.getpid()}"),
        folder_lock(tmp_path, key="run_dir"),
    ):
        pass


def test_a_folder_is_free_afterwards(tmp_path):
    with folder_lock(tmp_path, key="run_dir"):
        pass
    with FileLock(tmp_path / LOCK).acquire(timeout=0) as lock:
        assert lock.is_locked
    assert not (tmp_path / OWNER).exists()


@pytest.mark.slow
def test_a_lock_ends_with_the_process_that_had_it(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(ConfigError, match=str(process.pid)), folder_lock(tmp_path, key="run_dir"):
        pass
    process.kill()
    process.communicate()
    with folder_lock(tmp_path, key="run_dir"):
        pass


@pytest.mark.parametrize("was_there", [True, False])
def test_a_wrong_request_leaves_a_folder_as_it_was(was_there, tmp_path):
    folder = tmp_path / "run"
    if was_there:
        folder.mkdir()
    with pytest.raises(ConfigError, match="wrong"), folder_lock(folder, key="run_dir"):
        raise ConfigError([Problem("key", "wrong")])
    assert folder.exists() is was_there


EXECUTE = """
import sys, time
from pathlib import Path
from leyden.run.lock import execution_lock

with execution_lock(Path(sys.argv[1])):
    print("executing", flush=True)
    time.sleep(1)
    (Path(sys.argv[1]) / "first").touch()
"""


def test_a_process_waits_until_that_of_a_killed_command_has_ended(tmp_path):
    words = [sys.executable, "-c", EXECUTE, str(tmp_path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        with execution_lock(tmp_path):
            assert (tmp_path / "first").exists()
