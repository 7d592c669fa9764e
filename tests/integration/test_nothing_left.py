"""What a killed command leaves among the temporary files is gone after the next one."""

import contextlib
import os
import signal
from tempfile import TemporaryDirectory

import pytest

LONG = (
    *("model.width=8", "trainer.max_epochs=100000", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null"),
)
COMMANDS = {
    "run with workers": ("run_dir=it", "data.num_workers=2"),
    "run by two processes": ("run_dir=it", "trainer.devices=2", "trainer.strategy=ddp"),
    "sweep with workers": ("-m", "run_dir=it", "seed=0,1", "data.num_workers=1"),
    "stacked": ("-m", "run_dir=it", "seed=0,1", "hydra/launcher=stacked"),
}


@pytest.fixture
def temporary():
    """A folder for temporary files, with a short name: a socket's path may have 107 bytes."""
    with TemporaryDirectory(dir="/tmp") as folder:
        yield folder


def is_training(folder):
    tables = list(folder.glob("it/**/metrics.csv"))
    return tables and all(len(path.read_bytes().splitlines()) > 2 for path in tables)


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_after_a_killed_one_leaves_no_temporary_file(
    command, commands, temporary, monkeypatch
):
    monkeypatch.setenv("TMPDIR", temporary)
    words = (*LONG, *COMMANDS[command])
    commands.start(*words)
    commands.wait_for(lambda: is_training(commands.folder))
    for pid in commands.left():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not commands.left_after()
    status, out, err = commands.run(*words, "trainer.max_epochs=1", "run_dir=other")
    assert status == 0, (out, err)
    assert not commands.left_after()
    found = [name for name in os.listdir(temporary) if not name.startswith("torchinductor")]
    assert found == []  # that is a cache of torch's, which every run uses
    hidden = [*commands.folder.glob("**/.*.part"), *commands.folder.glob("**/.report.*")]
    assert all("it" in path.parts for path in hidden)  # of the killed one, until it goes on


@pytest.mark.slow
def test_a_long_name_of_the_temporary_folder_is_no_obstacle(commands, monkeypatch):
    long = commands.folder / ("long" * 30)
    long.mkdir()
    monkeypatch.setenv("TMPDIR", str(long))
    words = ("-m", "run_dir=it", "trainer=smoke", "seed=0,1", "data.num_workers=1", *LONG[2:])
    status, out, err = commands.run(*words)
    assert status == 0, (out, err)
