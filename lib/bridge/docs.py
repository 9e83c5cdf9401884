"""What hosts tell each other, and functions tell them, of the files that editors have open.

A change is stored before it is told: a message that is lost, or says only the number of the change,
sends a host to Postgres for it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from lib.bridge import keys, rooms
from lib.bridge.messages import Message
from lib.stores import redis

if TYPE_CHECKING:
    from lib.stores.connection import Connection

DOC_CHANGED = "doc-changed"
AWARENESS = "awareness"  # from host to host: where editors are
AWARENESS_ASKED = "awareness-asked"  # a host has just opened the file

MAX_TOLD = 64 * 1024  # bytes of an update; a longer one is read from Postgres

Publisher = Callable[[str, Message], None]


def _publish(file_id: str, message: Message) -> None:
    redis.tell("PUBLISH", keys.doc(file_id), message.encode())


_publisher: Publisher = _publish


def use(publisher: Publisher) -> None:
    """Tell through `publisher` from now on: a real-time host serves its own editors first."""
    global _publisher
    _publisher = publisher


def announce(conn: Connection, file_id: UUID, seq: int = 0, update: bytes = b"") -> None:
    """Tell of change number `seq` of a file, a Yjs update, once the transaction has committed.

    Without a number: the file is another one now, or gone.
    """
    data = {"seq": seq, "update": pack(update if len(update) <= MAX_TOLD else b"")}
    message = Message.new(DOC_CHANGED, data, sender=rooms.sender.get())
    conn.after_commit(lambda: _publisher(str(file_id), message))


def pack(update: bytes) -> str:
    """Return bytes as text for a message."""
    return b64encode(update).decode()


def unpack(text: str) -> bytes:
    """Return the bytes in a message."""
    return b64decode(text)
