"""A real TensorBoard shows the runs of a sweep."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from itertools import product

import pytest


@pytest.fixture
def board(leyden):
    """Address of a TensorBoard over a sweep of three models and two optimizers."""
    result = leyden(
        *("train", "-m", "model=mlp,cnn,rnn", "data=digits", "optimizer=sgd,adamw"),
        "trainer.max_epochs=2",
        "sweep.report=false",
    )
    assert result.status == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tensorboard.main", "--logdir", str(result.folder)),
            *("--host", "127.0.0.1", "--port", str(port), "--load_fast=false"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield f"http://127.0.0.1:{port}/data"
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)


def ask(address, body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def wait_for_runs(board, number):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if len(ask(f"{board}/runs")) == number:
                return
        except OSError:
            pass  # not up yet
        time.sleep(0.5)
    raise AssertionError(f"TensorBoard did not show {number} runs")


@pytest.mark.slow
def test_hparams_lists_every_job_with_its_real_metrics(board):
    wait_for_runs(board, 6)
    experiment = ask(f"{board}/plugin/hparams/experiment", {"experimentName": ""})
    metrics = [info["name"] for info in experiment["metricInfos"]]
    statuses = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
    body = {
        "experimentName": "",
        "allowedStatuses": statuses,
        "colParams": [{"metric": name} for name in metrics],
        "startIndex": 0,
        "sliceSize": 100,
    }
    groups = ask(f"{board}/plugin/hparams/session_groups", body)["sessionGroups"]
    rows = {
        (group["hparams"]["model"], group["hparams"]["optimizer"]): {
            value["name"]["tag"]: value["value"] for value in group["metricValues"]
        }
        for group in groups
    }
    assert rows.keys() == set(product(("mlp", "cnn", "rnn"), ("sgd", "adamw")))
    assert all({"best/val_loss", "val/acc", "test/acc"} <= row.keys() for row in rows.values())
    assert all(0 <= row["test/acc"] <= 1 for row in rows.values())
    swept = experiment["hparamInfos"][:2]
    assert [info["name"] for info in swept] == ["model", "optimizer"]
    assert set(swept[0]["domainDiscrete"]) == {"mlp", "cnn", "rnn"}
    assert [name["tag"] for name in metrics[:3]] == ["best/val_loss", "test/acc", "test/loss"]
    layout = ask(f"{board}/plugin/custom_scalars/layout")
    assert [chart["title"] for chart in layout["category"][0]["chart"]] == ["loss", "acc"]
    assert ask(f"{board}/plugin/pr_curves/tags").keys() == set(ask(f"{board}/runs"))
