"""python -m lib.emulator upstash: the REST bridge, for REDIS_URL, on HOST and UPSTASH_PORT."""

import os
import sys

from lib.emulator.ports import LOOPBACK
from lib.emulator.serve import serve
from lib.emulator.upstash import Bridge

DEFAULT_PORT = 5002


def main(_arguments: list[str]) -> int:
    """Serve until SIGTERM; UPSTASH_REDIS_REST_TOKEN is the token that clients must present."""
    host = os.environ.get("HOST") or LOOPBACK
    port = int(os.environ.get("UPSTASH_PORT") or DEFAULT_PORT)
    redis_url = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/0"
    token = os.environ.get("UPSTASH_REDIS_REST_TOKEN", "")
    if not token:
        print("UPSTASH_REDIS_REST_TOKEN is not set: choose a token for clients.", file=sys.stderr)
        return 1
    serve(Bridge(redis_url, token), host, port)
    return 0
