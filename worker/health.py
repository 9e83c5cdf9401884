"""GET /health: whether this worker's loops turn, and how many jobs it has in hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

TIMEOUT = 5.0  # seconds for a client to send its request

State = Callable[[], tuple[bool, dict[str, Any]]]


def serve(host: str, port: int, state: State) -> ThreadingHTTPServer:
    """Answer on `host`:`port` from now on; `state` returns whether all is well, and figures.

    Raises OSError when the port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = TIMEOUT
        server_version, sys_version = "worker", ""

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/health":
                self.send_error(404)
                return
            fine, figures = state()
            body = json.dumps({"status": "ok" if fine else "stuck"} | figures).encode()
            self.send_response(200 if fine else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Leave no line: this is asked every few seconds."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="health", daemon=True).start()
    return server
