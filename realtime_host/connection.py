"""One client's socket: what it has said, what it is to be told, and how it ends."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any

from lib.ids import new_text
from realtime_host import dispatch, limits
from realtime_host.outbox import Outbox
from realtime_host.protocol import Parser
from realtime_host.rates import Rate

if TYPE_CHECKING:
    from realtime_host.door import Visitor
    from realtime_host.work import Job


class State(Enum):
    """The life of a connection; after OPEN it is in no room any more."""

    OPEN = 1
    CLOSING = 2  # a close frame was sent or is about to be; the other half is awaited
    GONE = 3


class Connection:
    """Owned by the hub thread, once attached; the rest of the host knows it by this object."""

    __slots__ = (
        "close_by",
        "cursor_head",
        "deaf",
        "direct",
        "id",
        "jobs",
        "outbox",
        "parser",
        "peer_closed",
        "ping_at",
        "pong_by",
        "project_id",
        "rate",
        "recheck_at",
        "resumed_from",
        "role",
        "sock",
        "state",
        "taken",
        "user_id",
        "visitor",
        "working",
        "writing",
    )

    read = staticmethod(dispatch.read)  # what a message of the client asks for
    translate: Callable[[bytes], bytes] | None = None  # from our frames to what the client speaks

    def __init__(self, sock: socket.socket, visitor: Visitor) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.SEND_BUFFER)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.id = new_text()
        self.sock = sock
        self.visitor = visitor
        self.user_id = str(visitor.caller.user_id)
        self.project_id = str(visitor.project["id"])  # of the room that it is in
        self.role = visitor.role
        self.state = State.OPEN
        self.parser = Parser()
        self.outbox = Outbox(sock)
        self.writing = False  # whether the selector is asked for writability
        self.rate = Rate()
        self.resumed_from = visitor.resumed_from
        self.direct: list[tuple[bytes, str | None]] = []  # frames of this pass, for it alone
        self.taken = 0  # how many of its room's frames of this pass it has, or does not want
        self.jobs: deque[Job] = deque()
        self.working = False
        self.deaf = False  # nothing that still arrives is looked at
        self.peer_closed = False
        self.ping_at = 0.0
        self.pong_by = 0.0  # zero: no pong is due
        self.recheck_at = 0.0
        self.close_by = 0.0
        self.cursor_head = b""  # how its cursor updates begin, once there has been one

    def recheck_in(self, now: float, ends_in: float | None) -> None:
        """Have its access looked up again in a while, and when session or token is to end."""
        wait = limits.RECHECK if ends_in is None else min(limits.RECHECK, max(ends_in, 0.0))
        self.recheck_at = now + wait

    def say_no_more(self) -> None:
        """Let a client that broke the protocol see the end, after the close frame; raises OSError.

        Closing at once could take that frame away from it, since what it still sends is not read.
        """
        if self.deaf and self.state is State.CLOSING and not self.outbox.waiting:
            self.sock.shutdown(socket.SHUT_WR)

    @property
    def address(self) -> str:
        """The network address that it comes from."""
        return self.visitor.caller.origin.address

    @property
    def user(self) -> dict[str, Any]:
        """The person behind it, as others are shown them."""
        return {"id": self.user_id, "name": self.visitor.caller.name}

    @property
    def person(self) -> dict[str, Any]:
        """The person and their role, as presence shows them."""
        return {"user": self.user, "role": self.role}
