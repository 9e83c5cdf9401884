"""Those who are told the same: the members of a room, or of an open document, on this host."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic

from realtime_host.connection import Connection, State
from realtime_host.hub import Hub

Item = tuple[bytes, str | None]  # a frame, and the key under which a newer one replaces it


class Audience:
    """Owned by the hub thread.

    The frames of one pass are gathered here and go to each member in one send.
    """

    def __init__(self, hub: Hub, dirty: set[Audience]) -> None:
        self.members: dict[Connection, None] = {}
        self._hub = hub
        self._dirty = dirty  # those that are to be flushed at the end of this pass
        self._frames: list[bytes] = []
        self._keys: list[str | None] = []  # of the same frames
        self._spoken: dict[Connection, list[int]] = {}  # which of them a member has sent

    def broadcast(
        self,
        frame: bytes,
        *,
        sender: Connection | None = None,
        key: str | None = None,
        without: Iterable[Connection] = (),
    ) -> None:
        """Tell every member, but for the sender and others, at the end of this pass."""
        for connection in without:
            self._take(connection)
        if sender:
            self._spoken.setdefault(sender, []).append(len(self._frames))
        self._frames.append(frame)
        self._keys.append(key)
        self._dirty.add(self)
        for connection in without:
            connection.taken = len(self._frames)

    def tell(self, connection: Connection, frame: bytes) -> None:
        """Tell one member, after all that the room was told before."""
        self._take(connection)
        connection.direct.append((frame, None))
        self._dirty.add(self)

    def flush(self) -> None:
        """Send every member what this pass has gathered."""
        everything, plain = b"".join(self._frames), []
        special: list[tuple[Connection, list[Item]]] = []
        for member in self.members:
            if member.taken or member.direct or member.outbox.waiting:
                self._take(member)
                special.append((member, member.direct))
                member.direct, member.taken = [], 0
            else:
                plain.append(member)
        frames, spoken = self._frames, self._spoken
        self._count(len(frames), len(self.members))
        self._frames, self._keys, self._spoken = [], [], {}
        write = self._hub.write  # it may lose a member, which tells the others in the next round
        for member in plain:
            own = spoken.get(member)
            if data := _without(frames, own) if own else everything:
                write(member, data)
        for member, items in special:
            self._send(member, items)

    def _count(self, told: int, members: int) -> None:
        figures = self._hub.figures
        figures.fanned_out += told
        figures.delivered += told * members
        if self._hub.read_at and told:
            figures.delivery.observe(monotonic() - self._hub.read_at, told * members)

    def _take(self, connection: Connection) -> None:
        start, own = connection.taken, self._spoken.get(connection, ())
        for index in range(start, len(self._frames)):
            if index not in own:
                connection.direct.append((self._frames[index], self._keys[index]))
        connection.taken = len(self._frames)

    def _send(self, connection: Connection, items: list[Item]) -> None:
        if connection.state is not State.OPEN or not items:
            return
        if connection.outbox.waiting:
            self._hub.hold(connection, items)
        else:
            self._hub.write(connection, b"".join([frame for frame, _ in items]))


def _without(frames: list[bytes], own: list[int]) -> bytes:
    others = frames.copy()
    for index in own:
        others[index] = b""
    return b"".join(others)
