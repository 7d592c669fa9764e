"""`leyden board` starts a real TensorBoard on chosen runs."""

import json
import re
import signal
import socket
import time
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

import leyden as package

QUICK = ("trainer.max_epochs=1", "callbacks.graph=null", "sweep.report=false", "baselines=null")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A sweep of two optimizers and two rates, and a run beside it."""
    root = tmp_path_factory.mktemp("made")
    package.sweep(
        "optimizer=sgd,adamw", "optimizer.lr=0.01,0.1", *QUICK, f"run_dir={root / 'sweep'}"
    )
    deep = ("model=cnn", "logger=tensorboard_deep", *QUICK[:-1])
    package.train(*deep, f"run_dir={root / 'single' / 'run'}")
    return root


@pytest.fixture
def board(commands, tmp_path):
    """Starts `leyden board` and gives the process and the address that it prints."""

    def start(*words):
        process = commands.start(*words, verb="board")
        address = process.stdout.readline().strip()
        return process, address

    return start


def ask(address, path, body=None):
    server = address.partition("/?")[0]
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server}/data/{path}", data=data, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def read(address, path):
    server = address.partition("/?")[0]
    with urllib.request.urlopen(f"{server}/data/{path}", timeout=10) as answer:
        return answer.read()


def runs_of(address, number):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = ask(address, "runs")
        if len(found) == number:
            return sorted(found)
        time.sleep(0.2)
    raise AssertionError(f"TensorBoard shows {found}, and not {number} runs")


@pytest.mark.slow
def test_a_sweep_is_shown_by_rank_until_ctrl_c(made, board):
    process, address = board(str(made / "sweep"))
    query = parse_qs(urlsplit(address).query)
    pins = json.loads(query["pinnedCards"][0])
    assert [pin["tag"] for pin in pins] == ["val/loss", "val/acc"]
    found = runs_of(address, 4)
    assert [name.split()[1] for name in found[:3]] == ["best", "median", "worst"]
    assert all(re.search(r"optimizer=\w+ lr=[\d.]+$", name) for name in found)
    links = Path(ask(address, "environment")["data_location"])
    assert links.is_dir()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert not links.exists()


@pytest.mark.slow
def test_the_table_has_what_was_swept_first_and_what_is_compared(made, board):
    process, address = board(str(made / "sweep"))
    runs_of(address, 4)
    table = ask(address, "plugin/hparams/experiment", {"experimentName": ""})
    hparams = table["hparamInfos"]
    assert [one["name"] for one in hparams if one.get("differs")] == ["lr", "optimizer"]
    assert [one["name"] for one in hparams[:2]] == ["lr", "optimizer"]
    assert hparams[0]["type"] == "DATA_TYPE_FLOAT64"
    assert set(hparams[1]["domainDiscrete"]) == {"sgd", "adamw"}
    metrics = [one["name"]["tag"] for one in table["metricInfos"]]
    assert metrics[:5] == ["best/val_loss", "test/acc", "test/loss", "val/acc", "val/loss"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.slow
def test_conditions_choose_runs_of_several_folders_which_are_grouped(made, board):
    process, address = board(str(made), "--where", "optimizer.lr!=0.01")
    assert runs_of(address, 3) == [
        "single/1 model=cnn max_epochs=1 graph=null",
        "sweep/1 optimizer=sgd lr=0.1",
        "sweep/2 optimizer=adamw lr=0.1",
    ]
    name = quote("single/1 model=cnn max_epochs=1 graph=null")
    (embedding,) = ask(address, f"plugin/projector/info?run={name}")["embeddings"]
    assert embedding["tensorName"] == "features"
    of_tensor = f"run={name}&name=features"
    assert len(read(address, f"plugin/projector/tensor?{of_tensor}")) == 180 * 64 * 4
    assert read(address, f"plugin/projector/sprite_image?{of_tensor}").startswith(b"\x89PNG")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


@pytest.mark.slow
def test_a_port_that_is_taken_is_said(made, commands):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = commands.start(str(made), "--port", str(port), verb="board")
        out, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert out == ""
    assert f"--port={port}" in err
    assert "Traceback" not in err


@pytest.mark.slow
def test_where_no_run_is_left_it_is_said(made, leyden):
    result = leyden("board", str(made), "--where", "model=rnn")
    assert result.status == 2
    assert "there is no such run" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["absent"], "FOLDER=absent"),
        ([".", "--port", "70000"], "at most 65535"),
        ([".", "--port", "x"], "not a whole number"),
        ([".", "--last", "0"], "from 1 on"),
        ([".", "--where", "model"], "is no condition"),
        (["."], "there is no such run"),
    ],
)
def test_a_wrong_request_is_refused(leyden, words, message):
    result = leyden("board", *words)
    assert result.status == 2
    assert message in result.err
    assert result.out == ""
