"""What is said after Ctrl-C is so."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest

TINY = ("model.width=8", "trainer=smoke", "trainer.accelerator=cpu", "sweep.report=false")


@pytest.mark.slow
def test_after_a_search_all_trials_that_are_not_done_are_counted(commands, faulty):
    words = ("-m", "hydra/sweeper=optuna", *faulty, "optimizer.lr=interval(0.01,0.1)")
    words += ("hydra.sweeper.n_trials=9", "hydra.launcher.slots=1", "model.seconds=0.5")
    stopped = commands.start(*words, "trainer.max_steps=30")
    commands.wait_for(lambda: list(commands.folder.glob("outputs/*/*/*/metrics.csv")))
    stopped.send_signal(signal.SIGINT)
    _, err = stopped.communicate(timeout=60)
    assert stopped.returncode == 75
    assert "9 not done yet; the same command goes on with them" in err


def opened_for_writing(pipe):
    """A pipe's file descriptor, once someone reads it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # until then there is no reader
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.05)
    raise AssertionError(f"no one reads {pipe}")


@pytest.mark.slow
def test_after_a_report_it_is_not_said_that_nothing_was_started(leyden, tmp_path):
    sweep = leyden("train", "-m", "seed=0,1", *TINY).folder
    record = next(sweep.glob("*/run.json"))
    record.unlink()
    os.mkfifo(record)  # the report waits for its content
    process = subprocess.Popen(
        [sys.executable, "-m", "leyden", "report", str(sweep)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    pipe = opened_for_writing(record)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    os.close(pipe)
    assert process.returncode == 75
    assert re.fullmatch(r"interrupted; the report may be incomplete: the same command .*\n", err)
