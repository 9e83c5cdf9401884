"""Redis over TCP (redis-py): only the long-lived host and the worker import this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from lib.config import ConfigError, settings
from lib.stores.once import Once
from lib.stores.redis import Command

CONNECT_TIMEOUT = 1.0  # seconds
SOCKET_TIMEOUT = 1.0  # seconds for one command
RETRIES = 1  # of a command whose connection turns out to be lost; the client's own 10 take seconds


def client() -> redis.Redis:
    """Return this process's client: thread-safe, strings in and out.

    Raises ConfigError when neither REDIS_URL nor REDIS_HOST is set.
    """
    return _client()


def _open() -> redis.Redis:
    if not settings().redis_url:
        raise ConfigError("REDIS_URL is not set: the host side reaches Redis over TCP.")
    return redis.Redis.from_url(
        settings().redis_url,
        decode_responses=True,
        protocol=2,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=SOCKET_TIMEOUT,
        health_check_interval=15,
        retry=Retry(NoBackoff(), RETRIES, (redis.ConnectionError,)),
    )


_client = Once(_open)


class TcpTransport:
    """Plain commands over the shared client."""

    def execute(self, command: Command) -> Any:
        """Run one command."""
        return client().execute_command(*command)

    def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Run several commands in one round trip, not as a transaction."""
        pipe = client().pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        return pipe.execute()
