"""Taking an open WebSocket over from flask-sock and gunicorn, which may close what they hold."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

from simple_websocket import Server


class NoThread:
    """In place of the thread that simple-websocket would start for each connection."""

    name = ""

    def __init__(self, target: Callable[[], None]) -> None:
        """Take what a thread takes."""

    def start(self) -> None:
        """Do nothing: the hub reads the socket."""


def take(ws: Server) -> socket.socket:
    """Return a socket of our own for the connection behind `ws`.

    The descriptor that the server keeps is pointed at a dead end, so that its graceful shutdown
    ends nothing but that.
    """
    theirs: socket.socket = ws.sock
    ours = theirs.dup()
    dead, other_end = socket.socketpair()
    with dead, other_end:
        os.dup2(dead.fileno(), theirs.fileno(), inheritable=False)
    ws.connected = False  # flask-sock sends no close frame when the view returns
    return ours
