"""python -m lib.emulator api: every function and static file of the project, on HOST and PORT."""

import os

from lib.emulator.ports import LOOPBACK
from lib.emulator.serve import serve
from lib.emulator.vercel import Dispatcher

DEFAULT_PORT = 5000


def main(_arguments: list[str]) -> int:
    """Serve until SIGTERM; TRUSTED_PROXIES is how many reverse proxies stand in front."""
    host = os.environ.get("HOST") or LOOPBACK
    port = int(os.environ.get("PORT") or DEFAULT_PORT)
    trusted = int(os.environ.get("TRUSTED_PROXIES") or 0)
    serve(Dispatcher(trusted_proxies=trusted), host, port)
    return 0
