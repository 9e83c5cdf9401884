"""GET /health: whether this worker gets on, and how many jobs it has in hand; GET /metrics."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

METRICS = "text/plain; version=0.0.4; charset=utf-8"
TIMEOUT = 5.0  # seconds for a client to send its request

State = Callable[[], tuple[bool, dict[str, Any]]]


def serve(host: str, port: int, state: State, metrics: Callable[[], str]) -> ThreadingHTTPServer:
    """Answer on `host`:`port` from now on; `state` returns whether all is well, and figures.

    `metrics` returns what Prometheus reads.

    Raises OSError when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT
        server_version, sys_version = "worker", ""

        def do_GET(self) -> None:
            asked = self.path.partition("?")[0]
            if asked == "/health":
                fine, figures = state()
                body = json.dumps({"status": "ok" if fine else "stuck"} | figures)
                self._answer(200 if fine else 503, "application/json", body)
            elif asked == "/metrics":
                self._answer(200, METRICS, metrics())
            else:
                self.send_error(404)

        def _answer(self, status: int, media_type: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Leave no line: this is asked every few seconds."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
