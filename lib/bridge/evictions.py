"""Word to the real-time hosts that a person's access has changed: they look again, and act.

The message is a hint, not an order: a host asks Postgres before it closes anything, so that a
forged or late one does no harm, and a lost one is made good by the hosts' own regular check.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from lib.bridge import keys
from lib.bridge.messages import Message
from lib.stores import redis

if TYPE_CHECKING:
    from lib.stores.connection import Connection

ACCESS_CHANGED = "access-changed"


def announce(conn: Connection, *user_ids: UUID) -> None:
    """Have every host check these people's connections, once the open transaction has committed."""
    commands = [
        ["PUBLISH", keys.access(user_id), Message.new(ACCESS_CHANGED, {}).encode()]
        for user_id in user_ids
    ]
    if commands:
        conn.after_commit(partial(_send, commands))


def _send(commands: list[list[str]]) -> None:
    for command in commands:
        redis.tell(*command)
