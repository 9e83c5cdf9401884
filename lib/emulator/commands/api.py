"""python -m lib.emulator api: every function and static file of the project, on HOST and PORT."""

import argparse
import os

from lib.config import settings
from lib.emulator.ports import LOOPBACK
from lib.emulator.serve import LEAN, serve
from lib.emulator.vercel import Dispatcher
from lib.stores import postgres, redis

DEFAULT_PORT = 5000
CONNECTIONS = 20  # to Postgres: one process here stands for several instances of each function


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM; TRUSTED_PROXIES are the reverse proxies that stand in front."""
    parser = argparse.ArgumentParser(prog="python -m lib.emulator api")
    parser.add_argument("--worker-class", default=LEAN, help="which of gunicorn's to use")
    parser.add_argument("--redis", choices=("http", "tcp"), default="http", help="how to reach it")
    options = parser.parse_args(arguments)
    host = os.environ.get("HOST") or LOOPBACK
    port = int(os.environ.get("PORT") or DEFAULT_PORT)
    postgres.pool_size(CONNECTIONS)
    if options.redis == "tcp":  # by REDIS_URL; functions on the platform have HTTP alone
        redis.use_tcp()
    app = Dispatcher(trusted_proxies=settings().trusted_proxies)
    serve(app, host, port, worker_class=options.worker_class)
    return 0
