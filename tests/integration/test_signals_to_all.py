"""Signals that reach not one process of a command but its group, or all of them."""

import contextlib
import json
import os
import signal

import pytest

LONG = (
    *("model.width=8", "trainer.max_epochs=100000", "trainer.accelerator=cpu"),
    *("callbacks.graph=null", "callbacks.predictions=null", "baselines=null", "sweep.report=false"),
)
COMMANDS = {
    "run": ("run_dir=it",),
    "run with workers": ("run_dir=it", "data.num_workers=2"),
    "run by two processes": ("run_dir=it", "trainer.devices=2", "trainer.strategy=ddp"),
    "sweep": ("-m", "run_dir=it", "seed=0,1,2"),
    "sweep with workers": ("-m", "run_dir=it", "seed=0,1", "data.num_workers=1"),
    "stacked": ("-m", "run_dir=it", "seed=0,1", "hydra/launcher=stacked"),
}


def send_to_group(commands, number):
    """As a terminal and `timeout` do."""
    os.killpg(commands.started[-1].pid, number)


def send_to_all(commands, number):
    """As systemd and Slurm do, in any order."""
    for pid in sorted(commands.left(), reverse=True):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def runs_in(folder):
    return [json.loads(path.read_text()) for path in folder.glob("it/**/run.json")]


def is_training(folder):
    tables = list(folder.glob("it/**/metrics.csv"))
    return tables and all(len(path.read_bytes().splitlines()) > 2 for path in tables)


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The signals are handled alike; each comes to each kind of command, and in each way.
CASES = [
    (command, send, SIGNALS[(place + turn) % 3])
    for place, command in enumerate(COMMANDS)
    for turn, send in enumerate((send_to_group, send_to_all))
]


@pytest.mark.slow
@pytest.mark.parametrize(("command", "send", "number"), CASES)
def test_a_signal_to_all_processes_ends_each_run_with_a_checkpoint(command, send, number, commands):
    process = commands.start(*LONG, *COMMANDS[command])
    commands.wait_for(lambda: is_training(commands.folder))
    send(commands, number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 75, (out, err)
    assert runs_in(commands.folder)
    for run in runs_in(commands.folder):
        assert run["status"] == "interrupted", run["error"]
        assert run["error"]["message"].endswith(f"at step {run['steps']}")
    assert not commands.left_after()
