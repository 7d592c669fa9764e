"""`leyden serve`: a real server, asked by real clients, beside what the other verbs say."""

import base64
import csv
import io
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from PIL import Image

pytestmark = pytest.mark.slow  # a server takes ten seconds to start
SHORT = ("logger=null", "baselines=null", "callbacks.samples=null")


@contextmanager
def serving(folder, *more):
    """The address of a server, which is ended with SIGTERM."""
    command = [sys.executable, "-m", "leyden", "serve", str(folder), *more]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), process.stderr.read()
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def ask(url, content=None, **headers):
    """Status and body of an answer."""
    data = content if isinstance(content, bytes | None) else json.dumps(content).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def prices(leyden, tmp_path):
    """A run on a table."""
    random = np.random.default_rng(0)
    table = pd.DataFrame({"size": random.normal(100, 20, 200).round(3)})
    table["town"] = random.choice(["Bonn", "Ulm"], 200)
    table["price"] = (3 * table["size"]).round(2)
    table.to_csv(tmp_path / "prices.csv", index=False)
    words = ("data=csv", "data.path=prices.csv", "data.target=price", "trainer.max_epochs=3")
    result = leyden("train", *SHORT, *words, "run_dir=run")
    assert result.status == 0, result.err
    return result.folder


def test_rows_have_the_predictions_of_predict_alone_and_at_once(prices, leyden, tmp_path):
    rows = pd.read_csv(tmp_path / "prices.csv")[:30].drop(columns="price").to_dict("records")
    told = list(csv.DictReader(io.StringIO(leyden("predict", str(prices), "prices.csv").out)))
    with serving(prices) as (address, _):
        status, body = ask(f"{address}/predict", {"rows": rows})
        assert status == 200
        for one, other in zip(json.loads(body)["predictions"], told, strict=False):
            for name in ("prediction", "low", "high"):
                assert one[name] == pytest.approx(float(other[name]), rel=1e-5)

        def single(place):
            wrong = {"rows": [{"size": "huge", "town": "Ulm"}]}
            right = {"rows": [rows[place % 30]]}
            return place, *ask(f"{address}/predict", wrong if place % 4 == 3 else right)

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(single, range(120)))
        for place, status, body in answers:
            if place % 4 == 3:
                assert (status, json.loads(body)) == (
                    422,
                    {"error": "row 1: size: `huge` is no number"},
                )
            else:
                (one,) = json.loads(body)["predictions"]
                expected = float(told[place % 30]["prediction"])
                assert (status, one["prediction"]) == (200, pytest.approx(expected, rel=1e-5))
        status, body = ask(f"{address}/metrics")
        assert 'leyden_requests_total{path="/predict",status="200"} 91.0' in body
        assert 'leyden_requests_total{path="/predict",status="422"} 30.0' in body
        for wrong, words in (
            (b"no json", "the body is no JSON"),
            ({"rows": []}, "`rows` must be a list with something in it"),
            ({"images": ["a"]}, "`rows` must be a list with something in it; the body has images"),
            ({"rows": [{"size": 1}]}, "lacks the column `town`"),
            ({"rows": [{"size": 1, "town": "Mars"}]}, "town: no training row has `Mars`"),
            ({"rows": rows[:1], "wyh": True}, "`wyh` is not known; there is rows, why"),
            (b'{"rows": [{"size": 1e400, "town": "Ulm"}]}', "row 1: size: is inf; a missing"),
        ):
            status, body = ask(f"{address}/predict", wrong)
            assert status == 422
            assert words in json.loads(body)["error"]
        status, body = ask(f"{address}/predict", {"rows": [{"size": None, "town": "Ulm"}, rows[0]]})
        assert json.loads(body)["filled"] == {"size": 1}
        assert ask(f"{address}/predict", b" " * (17 * 2**20))[0] == 413
        assert ask(f"{address}/openapi.json")[0] == 200
        assert "<textarea id='rows'>" in ask(f"{address}/")[1]


def test_requests_that_were_taken_are_answered_before_the_server_ends(prices):
    with serving(prices, "--max-waiting", "500") as (address, process):
        rows = [{"size": 100.5, "town": "Ulm"}] * 200
        with ThreadPoolExecutor(24) as pool:
            asked = [pool.submit(ask, f"{address}/predict", {"rows": rows}) for _ in range(48)]
            asked[0].result()
            process.send_signal(signal.SIGTERM)
            statuses = []
            for one in asked:
                try:
                    statuses.append(one.result()[0])
                except (urllib.error.URLError, OSError):  # it came after the end
                    statuses.append(None)
        taken = [status for status in statuses if status not in (None, 503)]
        assert taken
        assert set(taken) == {200}
    assert process.returncode == 0


def test_a_token_is_needed_where_one_is_given(prices, leyden):
    with serving(prices, "--token", "secret") as (address, _):
        given = {"rows": [{"size": 100, "town": "Ulm"}]}
        assert ask(f"{address}/predict", given)[0] == 401
        assert ask(f"{address}/predict", given, Authorization="Bearer other")[0] == 401
        assert ask(f"{address}/predict", given, Authorization="Bearer secret")[0] == 200
        assert ask(f"{address}/health")[0] == 200
        assert ask(f"{address}/metrics")[0] == 401
        assert "id='token'" in ask(f"{address}/")[1]
    refused = leyden("serve", str(prices), "--host", "0.0.0.0")
    assert refused.status == 2
    assert "type --token TOKEN" in refused.err


def test_images_have_the_predictions_of_predict(leyden, tmp_path):
    folder = leyden("train", *SHORT, "trainer.max_epochs=2", "run_dir=run").folder
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4).save(tmp_path / "a.png")
    (told,) = csv.DictReader(io.StringIO(leyden("predict", str(folder), "a.png").out))
    text = base64.b64encode((tmp_path / "a.png").read_bytes()).decode()
    with serving(folder) as (address, _):
        for image in (text, f"data:image/png;base64,{text}"):
            _, body = ask(f"{address}/predict", {"images": [image]})
            (one,) = json.loads(body)["predictions"]
            assert one["prediction"] == told["prediction"]
            assert one["probability"] == pytest.approx(float(told["probability"]), rel=1e-5)
        for wrong in ("abc!", base64.b64encode(b"no image").decode(), 3):
            assert ask(f"{address}/predict", {"images": [wrong]})[0] == 422
        assert "<div id='drop'>" in ask(f"{address}/")[1]


def test_why_is_what_explain_says(leyden, tmp_path):
    folder = leyden("train", *SHORT, "data=sunspots", "model=rnn", "trainer.max_epochs=1").folder
    rows = [{"year": 1900 + year, "sunspots": 10 * (year % 11)} for year in range(40)]
    pd.DataFrame(rows).to_csv(tmp_path / "spots.csv", index=False)
    found = leyden("explain", str(folder), "spots.csv", "--output", "explained")
    assert found.status == 0, found.err
    told = pd.read_csv(tmp_path / "explained" / "attributions.csv")
    with serving(folder) as (address, _):
        status, body = ask(f"{address}/predict", {"rows": rows, "why": True})
        assert status == 200, body
        answer = json.loads(body)
        (why,) = answer["why"]
        assert len(answer["predictions"]) == 1
        assert list(why["parts"].values()) == pytest.approx(list(told["attribution"]), rel=1e-4)
        picture = base64.b64decode(why["picture"].removeprefix("data:image/png;base64,"))
        assert Image.open(io.BytesIO(picture)).size > (100, 100)
        assert ask(f"{address}/predict", {"rows": rows, "why": 1})[0] == 422
        assert "id='why'" in ask(f"{address}/")[1]


def test_a_text_comes_as_events_and_is_that_of_generate(gpt_run, leyden):
    words = ("--prompt", "import", "--max-new-tokens", "30", "--seed", "3")
    told = json.loads(leyden("generate", str(gpt_run), *words, "--json").out)
    with serving(gpt_run) as (address, _):
        request = urllib.request.Request(
            f"{address}/generate",
            data=json.dumps({"prompt": "import", "max_new_tokens": 30, "seed": 3}).encode(),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            events = answer.read().decode().split("\n\n")
        parts = [one.removeprefix("data: ") for one in events if one]
        assert parts[-1] == "[DONE]"
        text = "".join(json.loads(part)["text"] for part in parts[:-1])
        assert text == told[0]["text"]
        for wrong in ({}, {"prompt": ""}, {"prompt": "a", "seed": -1}, {"prompt": "a", "to_k": 3}):
            assert ask(f"{address}/generate", wrong)[0] == 422


def test_a_port_that_is_in_use_is_refused(prices, leyden):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        done = leyden("serve", str(prices), "--port", port)
    assert done.status == 2
    assert f"--port={port}: is in use" in done.err
    assert done.out == ""
