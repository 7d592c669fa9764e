"""`leyden serve RUN --dockerfile`: what it writes serves alone, as its Dockerfile says."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from packaging.requirements import Requirement

from leyden.distributed.job import free_port

QUICK = ("trainer=smoke", "logger=null", "baselines=null", "model.width=8")


@pytest.fixture
def context(leyden):
    run = leyden("train", *QUICK, "run_dir=run").folder
    done = leyden("serve", str(run), "--dockerfile")
    assert done.status == 0, done.err
    assert done.out.strip() == str(run / "docker")
    return run / "docker"


def test_requirements_are_the_installed_versions(context):
    lines = (context / "requirements.txt").read_text().splitlines()
    names = [Requirement(line).name for line in lines]
    assert {"torch", "pytorch-lightning", "litserve", "prometheus-client"} <= set(names)
    assert "ray" not in names
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


def test_what_it_copies_is_there_and_nothing_is_written_twice(context, leyden):
    text = (context / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (\S+)", text, re.MULTILINE):
        assert (context / source).exists()
    again = leyden("serve", str(context.parent), "--dockerfile")
    assert again.status == 2
    assert "is not empty" in again.err


def test_a_run_with_code_of_the_user_is_refused(leyden, monkeypatch):
    run = leyden("train", *QUICK, "run_dir=run").folder
    monkeypatch.setenv("LEYDEN_PACKAGES", "mine")
    done = leyden("serve", str(run), "--dockerfile")
    assert done.status == 2
    assert "mine" in done.err
    assert not (run / "docker").exists()


@pytest.mark.slow
def test_its_command_serves_from_copies_alone(context, tmp_path):
    text = (context / "Dockerfile").read_text()
    app = tmp_path / "app"
    app.mkdir()
    for source, target in re.findall(r"^COPY (\S+) (\S+)", text, re.MULTILINE):
        if (context / source).is_dir():
            shutil.copytree(context / source, app / target)
    shutil.rmtree(context.parent)  # nothing else is left of the run
    port = free_port()
    command = json.loads(
        re.search(r"^CMD (.*)", text, re.MULTILINE).group(1).replace("8000", str(port))
    )
    environment = os.environ | {"PYTHONPATH": str(app / "package"), "LEYDEN_TOKEN": "secret"}
    process = subprocess.Popen(
        [sys.executable, *command[1:]], cwd=app, env=environment, stdout=subprocess.PIPE
    )
    try:
        health = next(line for line in text.splitlines() if line.startswith("HEALTHCHECK"))
        check = [sys.executable, *shlex.split(health.replace("8000", str(port)))[3:]]
        until = time.monotonic() + 120
        while subprocess.run(check, capture_output=True, check=False).returncode:
            assert time.monotonic() < until
            assert process.poll() is None
        address = f"http://127.0.0.1:{port}/predict"
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(address, data=b"{}")
        bearer = {"Authorization": "Bearer secret"}
        request = urllib.request.Request(address, data=b'{"images": []}', headers=bearer)
        with pytest.raises(urllib.error.HTTPError, match="422"):
            urllib.request.urlopen(request)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
