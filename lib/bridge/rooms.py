"""Announcements to everyone in a project; made after the commit of what they announce."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.bridge import keys
from lib.bridge.messages import Message
from lib.stores import redis

if TYPE_CHECKING:
    from lib.stores.connection import Connection

FILE_CHANGE = "file-change"
JOB_UPDATED = "job-updated"
MEMBER_UPDATED = "member-updated"
PROJECT_UPDATED = "project-updated"

Publisher = Callable[[str, Message], None]


def _publish(project_id: str, message: Message) -> None:
    redis.tell("PUBLISH", keys.room(project_id), message.encode())


_publisher: Publisher = _publish


def use(publisher: Publisher) -> None:
    """Announce through `publisher` from now on: a real-time host serves its own members first."""
    global _publisher
    _publisher = publisher


def announce(conn: Connection, project_id: UUID | str, event: str, data: dict[str, Any]) -> None:
    """Tell the room of a project about `event`, once the open transaction has committed."""
    message = Message(event, data)
    conn.after_commit(lambda: publish(project_id, message))


def publish(project_id: UUID | str, message: Message) -> None:
    """Send `message` to the room of a project now; raises Unavailable when Redis is down."""
    _publisher(str(project_id), message)
