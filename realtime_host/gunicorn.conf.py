# ruff: noqa: N999 - the name that gunicorn looks for
"""`gunicorn -c realtime_host/gunicorn.conf.py realtime_host.app:app`: one process, many threads."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lib import logs
from lib.config import settings
from realtime_host import limits

logs.configure(settings().log_level)
limits.configure(settings())

bind = f"{settings().host}:{settings().realtime_port}"
workers = 1  # the hub owns every connection of a host; for more, start more hosts
worker_class = "realtime_host.arrivals.PatientWorker"
threads = limits.HANDSHAKE_THREADS
worker_connections = 20_000
backlog = 4096
keepalive = 5  # seconds
timeout = 60  # seconds without a sign of life from the process
graceful_timeout = 25  # seconds
limit_request_line = 4094
limit_request_fields = 60
control_socket_disable = True
HEAVY = ("flask_jwt_extended", "psycopg_pool")  # functions import them only when they must
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "root": {"level": "WARNING", "handlers": []},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


def post_worker_init(worker: Any) -> None:
    """Start the hub in the process that accepts connections, with all that it will ever import."""
    from realtime_host.app import host

    for module in HEAVY:
        import_module(module)
    gc.collect()
    worker.lines_written = logs.in_background()
    gc.freeze()  # what is here to stay is not looked through again
    host.start()


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001
    """Let the clients go when the process has stopped accepting connections."""
    from realtime_host.app import host

    host.drain()
    worker.lines_written()
