"""Serve a WSGI app with gunicorn: one process, many threads, as one function instance does."""

from collections.abc import Callable
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

THREADS = 64  # a connection that is in use keeps one
KEEP_ALIVE_SECONDS = 75  # longer than any client of ours keeps an idle connection
GRACE_SECONDS = 8  # below the supervisor's ten

LEAN = "lib.emulator.lean_worker.LeanWorker"

WSGIApp = Callable[..., Any]


def serve(
    app: WSGIApp, host: str, port: int, threads: int = THREADS, worker_class: str = LEAN
) -> None:
    """Serve `app` until SIGTERM; functions write their own log lines, so there is no access log."""
    options = {
        "bind": f"{host}:{port}",
        "workers": 1,
        "worker_class": worker_class,
        "threads": threads,
        "keepalive": KEEP_ALIVE_SECONDS,
        "graceful_timeout": GRACE_SECONDS,
        "loglevel": "warning",
        "control_socket_disable": True,  # it would be one file for all of a user's servers
    }
    _Application(app, options).run()


class _Application(BaseApplication):
    def __init__(self, app: WSGIApp, options: dict[str, Any]) -> None:
        self._app, self._options = app, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> WSGIApp:
        return self._app
