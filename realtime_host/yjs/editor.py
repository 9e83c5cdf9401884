"""A connection whose client is a Yjs provider: binary messages, and longer ones than others'."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from realtime_host import limits
from realtime_host.close_codes import PROTOCOL_ERROR
from realtime_host.connection import Connection
from realtime_host.door import Visitor
from realtime_host.protocol import Broken, Parser, Received
from realtime_host.yjs.budget import Budget


class BinaryParser(Parser):
    """A connection's receiving side; there are no texts in this dialect."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__()
        self.most = limits.UPDATE_BYTES

    def feed(self, data: bytes) -> Iterator[str | Received]:
        """Yield what `data` completes, in order; raises Broken at the first mistake."""
        for message in super().feed(data):
            if isinstance(message, str):
                raise Broken(PROTOCOL_ERROR, "Send binary messages of y-websocket.")
            yield message


class Editor(Connection):
    """Somebody who has a file open; for the rest of the host, a connection like any other."""

    __slots__ = ("budget", "client", "file_id", "owes")

    def __init__(self, sock: socket.socket, visitor: Visitor, file_id: str) -> None:
        super().__init__(sock, visitor)
        self.parser = BinaryParser()
        self.file_id = file_id
        self.client: int | None = None  # the id of its provider, once that has said where it is
        self.budget = Budget()
        self.owes = 0.0  # seconds of CPU on the worker threads, until its budget has paid for them
