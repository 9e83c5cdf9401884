"""A client of Socket.IO, before and after it has said who it is."""

from __future__ import annotations

import socket
from time import monotonic

from lib.access.caller import Origin
from realtime_host import limits
from realtime_host.connection import Connection
from realtime_host.door import Visitor
from realtime_host.socketio import packets
from realtime_host.socketio.packets import PacketParser
from realtime_host.socketio.translation import translated


class Guest:
    """Somebody on the porch; owned by its thread, but for the time in which they are admitted."""

    __slots__ = ("leaving", "messages", "origin", "parser", "sock", "until")

    def __init__(self, sock: socket.socket, origin: Origin) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.origin = origin
        self.parser = PacketParser()
        self.messages = 0  # that have come
        self.until = monotonic() + limits.CONNECT_WITHIN
        self.leaving = False  # a close frame was sent; nothing is looked at any more


class PacketConnection(Connection):
    """A connection whose client speaks in packets; for the rest of the host, one like any other."""

    __slots__ = ()

    read = staticmethod(packets.read)
    translate = staticmethod(translated)

    def __init__(self, guest: Guest, visitor: Visitor) -> None:
        super().__init__(guest.sock, visitor)
        self.parser = guest.parser
