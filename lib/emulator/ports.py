"""Which TCP ports on this machine's loopback are free."""

import secrets
import socket

LOOPBACK = "127.0.0.1"
LOWEST_PORT = 10_000
HIGHEST_PORT = 32_000  # above 32,767 the kernel hands ports out to outgoing connections


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Return whether a server could listen on `port` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick(count: int) -> list[int]:
    """Return `count` different free ports, chosen at random so that parallel tests rarely meet."""
    picked: list[int] = []
    while len(picked) < count:
        # Not the random module: a test suite may seed it, and then everyone picks the same.
        port = LOWEST_PORT + secrets.randbelow(HIGHEST_PORT - LOWEST_PORT)
        if port not in picked and is_free(port):
            picked.append(port)
    return picked
