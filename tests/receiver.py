"""A receiver of webhooks on loopback: it keeps what it gets, and answers as it is told."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from lib.config import settings

LOOPBACK = "127.0.0.0/8,::1/128"


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)

    def verified(self, secret: str) -> dict[str, Any]:
        """What it says, when the official library holds it to be signed with this secret."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Answer:
    """What to answer: a status, headers, a body; `pause` seconds before, or between its bytes."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thanks"
    pause: float = 0
    drip: float = 0
    endless: bool = False


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        """Say nothing: clients that break off are what some tests are about."""


class Receiver:
    """Answers each request with the next of its answers, the last one for ever; or `at` a path."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.answers = [Answer()]
        self.at: dict[str, Answer] = {}
        self.written = 0
        self._ends = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._take(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if tls else "http"
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hook"

    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    def types(self) -> list[str]:
        return [request.event["type"] for request in self.requests]

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers["content-length"])
        body = request.rfile.read(length)
        if len(body) < length:  # the sender was killed
            return
        with self._lock:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.requests.append(Received(request.path, headers, body))
            answer = self.at.get(request.path) or self._next()
        self._ends.wait(answer.pause)
        with suppress(OSError):  # the other side has heard enough
            self._answer(request, answer)

    def _next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def _answer(self, request: BaseHTTPRequestHandler, answer: Answer) -> None:
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        if not answer.endless:
            request.send_header("Content-Length", str(len(answer.body)))
        request.end_headers()
        ends = time.monotonic() + 30
        while answer.endless and time.monotonic() < ends and not self._ends.is_set():
            request.wfile.write(b"x" * 65536)
            self.written += 65536
        for byte in answer.body:
            if self._ends.wait(answer.drip):
                return
            request.wfile.write(bytes([byte]))

    def stop(self) -> None:
        self._ends.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that answers 200 until it is told otherwise."""
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def loopback(stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Webhooks may lead to this machine, in functions and in workers that are started now."""
    monkeypatch.setenv("WEBHOOK_ALLOW_PRIVATE", LOOPBACK)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def webhook(team: Any, loopback: None, receiver: Receiver) -> Callable[..., dict[str, Any]]:
    """Have the team's events sent to the receiver; keywords are the webhook's members."""

    def add(who: Any = None, workspace: Any = None, **body: Any) -> dict[str, Any]:
        path = f"/workspaces/{(workspace or team.workspace)['id']}/webhooks"
        answer = (who or team.owner).post(path, {"url": receiver.url} | body)
        assert answer.status_code == 201, answer.text
        made = answer.get_json()
        return made | {"path": f"{path}/{made['id']}"}

    return add
