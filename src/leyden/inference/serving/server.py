"""The server: a worker with the model, the gate before it, a page, and an orderly end."""

import multiprocessing
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType

import litserve
from prometheus_client import generate_latest
from starlette.responses import HTMLResponse, Response

from leyden.config.module_run import is_module_run
from leyden.inference.load import load_run
from leyden.inference.serving.gate import Gate, Limits, Metrics, Number
from leyden.inference.serving.model_api import (
    GenerateAPI,
    PredictAPI,
    generation_mistake,
    no_mistake,
)
from leyden.inference.serving.page import page_of
from leyden.inference.serving.why import can_explain
from leyden.run.folder import read_frozen

MOST_BATCHED = 64
WAIT = 0.002
"""Seconds that a request waits for others of its batch."""

DRAIN = 30.0
"""Seconds that requests have to be answered after SIGTERM."""


def serve(
    folder: Path,
    *,
    host: str,
    port: int,
    limits: Limits,
    timeout: float,
    on_ready: Callable[[str], None],
) -> None:
    """Serves a run until SIGTERM or Ctrl-C; requests that were taken are answered first.

    Args:
        folder: Folder of the run.
        host: Address that is listened on.
        port: Port of it.
        limits: What is taken.
        timeout: Seconds that a request may wait for the model.
        on_ready: Is told the address when requests are answered.

    Raises:
        ConfigError: There is no such run, or its model can't be asked.
    """
    waiting, draining = multiprocessing.Value("i", 0), multiprocessing.Event()
    server = server_of(folder, limits, timeout=timeout, waiting=waiting, draining=draining)
    answer_before_the_end(waiting, draining)
    address = f"http://{host}:{port}"
    threading.Thread(target=_tell, args=(address, on_ready), daemon=True).start()
    server.run(
        host=host,
        port=port,
        num_api_servers=1,
        log_level="warning",
        generate_client_file=False,
        access_log=False,
    )


def server_of(
    folder: Path, limits: Limits, *, timeout: float, waiting: Number, draining: Event
) -> litserve.LitServer:
    """The model, the gate before it, and the page beside it.

    Args:
        folder: Folder of the run.
        limits: What is taken.
        timeout: Seconds that a request may wait for the model.
        waiting: Requests that are not answered yet.
        draining: Is set when no more requests are taken.
    """
    run = load_run(folder)
    is_text = run.predicts_tokens
    api = (
        GenerateAPI(folder)
        if is_text
        else PredictAPI(folder, max_batch_size=MOST_BATCHED, batch_timeout=WAIT)
    )
    metrics = Metrics()
    has_why = run.vocabulary is None and can_explain() and not is_module_run(read_frozen(folder))
    page = page_of(run, needs_token=limits.token is not None, has_why=has_why)
    gate = {
        "limits": limits,
        "pages": {
            "/": lambda: HTMLResponse(page),
            "/metrics": lambda: Response(
                generate_latest(metrics.registry), media_type="text/plain"
            ),
        },
        "paths": {"/generate": generation_mistake} if is_text else {"/predict": no_mistake},
        "metrics": metrics,
        "waiting": waiting,
        "draining": draining,
    }
    return litserve.LitServer(
        api, accelerator="auto", devices=1, timeout=timeout, middlewares=[(Gate, gate)]
    )


def answer_before_the_end(waiting: Number, draining: Event) -> None:
    """Lets SIGTERM and Ctrl-C wait until the requests that were taken are answered."""
    owner = os.getpid()

    def drain(number: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:  # the process that listens has this handler from its parent
            raise SystemExit(0)
        draining.set()
        until = time.monotonic() + DRAIN
        while waiting.value and time.monotonic() < until:
            time.sleep(0.02)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, drain)


def _tell(address: str, on_ready: Callable[[str], None]) -> None:
    """Waits until the server is healthy."""
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:
                if answer.status == 200:
                    on_ready(address)
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
