"""A command that is forked for a test is set up as one that Python starts anew."""

import json
import os
import signal
import subprocess
import sys

LOOK = """
import json, os, signal, sys, threading
number = os.getpid()
print(json.dumps({
    "leads a session and a group": [os.getsid(0) == number, os.getpgrp() == number],
    "folder": os.getcwd(),
    "variables": sorted(os.environ.items()),
    "handlers": [str(signal.getsignal(one)) for one in signal.valid_signals()],
    "blocked": sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ()))),
    "threads": threading.active_count(),
    "cores": sorted(os.sched_getaffinity(0)),
    "umask": os.umask(0o22),
    "streams": [[s.encoding, s.errors, s.line_buffering] for s in (sys.stdout, sys.stderr)],
    "own modules": os.getcwd() in sys.path,
}))
sys.exit(3)
"""


def test_it_has_what_a_new_process_has(commands, tmp_path):
    process = commands.start(first=LOOK)
    out, err = process.communicate()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "LEYDEN_TEST_FOLDER": str(tmp_path)}
    new = subprocess.run(
        [sys.executable, "-c", LOOK],
        env=environment,
        capture_output=True,
        text=True,
        start_new_session=True,
    )
    assert (process.returncode, err) == (new.returncode, new.stderr) == (3, "")
    assert json.loads(out) == json.loads(new.stdout)


def test_a_signal_that_ends_it_is_its_exit_status(commands):
    process = commands.start(first="import time; print('here', flush=True); time.sleep(60)")
    assert process.stdout.readline() == "here\n"
    assert process.pid in commands.left()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == -signal.SIGTERM
    assert not commands.left_after()
