"""The huey queue named `collab`: JSON messages that functions can write, nothing ever unpickled."""

from __future__ import annotations

import json
from typing import Any

from huey import Huey
from huey.exceptions import HueyException
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage
from redis import ConnectionPool

from lib import logs

NAME = "collab"
CONNECT_TIMEOUT = 1.0  # seconds
SOCKET_TIMEOUT = 5.0  # seconds; longer than READ_TIMEOUT, or waiting for a message would look dead
READ_TIMEOUT = 1  # seconds that one wait for a message lasts


class JsonSerializer(Serializer):
    """A message as a JSON array of its fields, in their order."""

    def _serialize(self, data: Any) -> bytes:
        return json.dumps(list(data), separators=(",", ":")).encode()

    def _deserialize(self, data: bytes) -> Message:
        fields = json.loads(data)
        if not isinstance(fields, list):
            raise ValueError("not an array")
        return Message(*fields)


class Queue(Huey):
    """huey on Redis, without results and revocations: states are in Postgres."""

    def dequeue(self) -> Any:
        """Return the next task; None when there is none yet, or the message is not one of ours."""
        data = self.storage.dequeue()
        if data is None:
            return None
        try:
            return self.deserialize_task(data)
        except (ValueError, TypeError, HueyException, RecursionError) as error:
            logs.warning("queue.unreadable", reason=type(error).__name__, size=len(data))
            return None

    def is_revoked(self, *_: Any, **__: Any) -> bool:
        """Never: saves a round trip to Redis for each job."""
        return False


def connect(url: str) -> Queue:
    """Return the queue in the Redis at `url`; it connects on first use, and again by itself."""
    pool = ConnectionPool.from_url(
        url,
        protocol=2,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=SOCKET_TIMEOUT,
        health_check_interval=15,
    )
    return Queue(
        NAME,
        results=False,
        serializer=JsonSerializer(),
        storage_class=RedisStorage,
        connection_pool=pool,
        read_timeout=READ_TIMEOUT,
    )
