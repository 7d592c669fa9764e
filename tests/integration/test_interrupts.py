"""What is said after Ctrl-C is so."""

import re
import signal
import time

import pytest

TINY = (
    "model.width=8",
    "trainer=smoke",
    "trainer.accelerator=cpu",
    "sweep.report=false",
    "baselines=null",
)


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


@pytest.mark.slow
def test_after_a_report_it_is_not_said_that_nothing_was_started(leyden, commands):
    sweep = leyden("train", "-m", "seed=0,1", *TINY).folder
    process = commands.start(str(sweep), verb="report")
    deadline = time.monotonic() + 60
    while not list(sweep.glob(".report.*")):  # it is being written
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 75
    assert re.fullmatch(r"interrupted; the report may be incomplete: the same command .*\n", err)
    assert not list(sweep.glob(".report.*"))
