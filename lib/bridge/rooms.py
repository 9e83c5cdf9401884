"""Announcements to everyone in a project; made after the commit of what they announce.

Those that a client must not miss go into the room's log first, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib import logs
from lib.bridge import keys, log
from lib.bridge.log import Entry
from lib.bridge.messages import Message
from lib.stores import redis

if TYPE_CHECKING:
    from lib.stores.connection import Connection

CURSORS_SHOWN = "cursors-shown"  # from host to host: many in one message
FILE_CHANGE = "file-change"
JOB_LOG = "job-log"
JOB_UPDATED = "job-updated"
MEMBER_UPDATED = "member-updated"
PROJECT_UPDATED = "project-updated"

Publisher = Callable[[str, Message], None]
Logged = Sequence[tuple[UUID, str]]  # texts with their places in the logs, and their projects

# The connection whose event is being handled on this thread: it gets an ack, not an echo.
sender: ContextVar[str] = ContextVar("sender", default="")


def _publish(project_id: str, message: Message) -> None:
    redis.tell("PUBLISH", keys.room(project_id), message.encode())


def _publish_logged(said: Logged) -> None:
    for project_id, text in said:
        redis.tell("PUBLISH", keys.room(project_id), text)


_publisher: Publisher = _publish
_logged_publisher: Callable[[Logged], None] = _publish_logged


def use(publisher: Publisher, logged: Callable[[Logged], None] = _publish_logged) -> None:
    """Announce through `publisher` from now on: a real-time host serves its own members first.

    What Postgres has written into the logs goes through `logged`.
    """
    global _publisher, _logged_publisher
    _publisher, _logged_publisher = publisher, logged


def announce(
    conn: Connection,
    project_id: UUID | str,
    event: str,
    data: dict[str, Any],
    request_id: str | None = None,
) -> None:
    """Append `event` to the log of a project's room as the open transaction commits, and tell it.

    Every client hears of it once, in the order of the commits; one that is away, when it is back.
    It goes back to the request at hand, unless another is named.
    """
    message = Message.new(event, data, sender=sender.get(), request_id=_request(request_id))
    entry = Entry(str(project_id), message)
    conn.with_commit(log.append, entry)
    conn.after_commit(lambda: _publish_numbered(entry))


def show(
    conn: Connection,
    project_id: UUID | str,
    event: str,
    data: dict[str, Any],
    request_id: str | None = None,
) -> None:
    """Tell the room of a project, once the open transaction has committed, what is soon outdated.

    Who is away, or slow, misses it.
    """
    message = Message.new(event, data, request_id=_request(request_id))
    conn.after_commit(lambda: publish(project_id, message))


def publish(project_id: UUID | str, message: Message) -> None:
    """Send `message` to the room of a project now; raises Unavailable when Redis is down."""
    _publisher(str(project_id), message)


def publish_logged(said: Logged) -> None:
    """Send to rooms what is in their logs; raises Unavailable when Redis is down."""
    _logged_publisher(said)


def _request(named: str | None) -> str:
    return logs.request_id.get() if named is None else named


def _publish_numbered(entry: Entry) -> None:
    if entry.message.seq:  # without a number, its project is gone, and its room with it
        publish(entry.project_id, entry.message)
