"""What a request passes before the model sees it: token, size, queue; and what is counted of it."""

import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = ("/", "/health")
"""Paths without a token: the page asks for it itself."""

EVENT_STREAM = b"text/event-stream"


class Number(Protocol):
    """A number that processes share, such as `multiprocessing.Value`."""

    value: int

    def get_lock(self) -> Any:
        """The lock of its changes."""


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    Attributes:
        token: What a request must show as `Authorization: Bearer TOKEN`; None: nothing.
        max_bytes: Largest body.
        max_waiting: Requests that are worked on or wait; more are answered with 503.
    """

    token: str | None
    max_bytes: int
    max_waiting: int


class Metrics:
    """Counts for Prometheus."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "leyden_requests", "Answered requests", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "leyden_request_seconds", "Time to the last byte", ["path"], registry=self.registry
        )
        self.waiting = Gauge(
            "leyden_requests_waiting", "Requests that are not answered yet", registry=self.registry
        )


class Gate:
    """ASGI middleware.

    Args:
        app: What answers.
        limits: What is taken.
        paths: Paths that the model answers, with what says the mistake in a body, or None.
        pages: What is shown at other paths, for GET.
        metrics: What is counted.
        waiting: Requests that are not answered yet; the process that ends the server looks at it.
        draining: Is set when no more requests are taken.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        paths: Mapping[str, Callable[[Any], str | None]],
        pages: Mapping[str, Callable[[], Response]],
        metrics: Metrics,
        waiting: Number,
        draining: Event,
    ) -> None:
        self.app = app
        self.limits = limits
        self.paths = paths
        self.pages = pages
        self.metrics = metrics
        self.waiting = waiting
        self.draining = draining

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path not in OPEN and not self._has_token(scope):
            await self._refuse(401, "needs the header `Authorization: Bearer TOKEN`", scope, send)
        elif path in self.pages and scope["method"] == "GET":
            await self.pages[path]()(scope, receive, send)
        elif path not in self.paths or scope["method"] != "POST":
            await self.app(scope, receive, send)
        else:
            await self._answer(path, scope, receive, send)

    def _has_token(self, scope: Scope) -> bool:
        if self.limits.token is None:
            return True
        given = dict(scope["headers"]).get(b"authorization", b"")
        return hmac.compare_digest(given, f"Bearer {self.limits.token}".encode())

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        with self.waiting.get_lock():
            is_free = not self.draining.is_set() and self.waiting.value < self.limits.max_waiting
            self.waiting.value += is_free
        if not is_free:
            why = "ends" if self.draining.is_set() else "has too many requests waiting"
            await self._refuse(503, f"the server {why}; try again", scope, send)
            self.metrics.requests.labels(path, "503").inc()
            return
        self.metrics.waiting.inc()
        status = 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = _as_event_stream(message) if path == "/generate" else message
            await send(message)

        try:
            body = await _read(receive, self.limits.max_bytes)
            mistake = self._mistake(path, body)
            if body is None:
                text = f"the body has more than {self.limits.max_bytes:,} bytes"
                status = await self._refuse(413, text, scope, send)
            elif mistake is not None:
                status = await self._refuse(422, mistake, scope, send)
            else:
                await self.app(_as_json(scope), _replay(body, receive), send_on)
        finally:
            with self.waiting.get_lock():
                self.waiting.value -= 1
            self.metrics.waiting.dec()
            self.metrics.requests.labels(path, str(status)).inc()
            self.metrics.seconds.labels(path).observe(time.perf_counter() - started)

    def _mistake(self, path: str, body: bytes | None) -> str | None:
        if body is None:
            return None
        try:
            content = json.loads(body)
        except (ValueError, RecursionError) as error:
            return f"the body is no JSON: {error}"
        return self.paths[path](content)

    async def _refuse(self, status: int, error: str, scope: Scope, send: Send) -> int:
        await JSONResponse({"error": error}, status_code=status)(scope, _nothing, send)
        return status


def _as_json(scope: Scope) -> Scope:
    """A request whose body is JSON, as it was read to be, whatever its header says."""
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}


def _as_event_stream(message: Message) -> Message:
    others = [(name, value) for name, value in message["headers"] if name != b"content-type"]
    return {**message, "headers": [*others, (b"content-type", EVENT_STREAM)]}


async def _read(receive: Receive, most: int) -> bytes | None:
    """The body; None: it is too large."""
    parts, size, is_more = [], 0, True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            return None
        parts.append(part)
        is_more = message.get("more_body", False)
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body once, then what comes after it."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
