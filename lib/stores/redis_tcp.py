"""Redis over TCP (redis-py): only the long-lived host and the worker import this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.retry import Retry

from lib.config import ConfigError, settings
from lib.stores.once import Once
from lib.stores.redis import Command

CONNECT_TIMEOUT = 1.0  # seconds
SOCKET_TIMEOUT = 1.0  # seconds for one command
RETRIES = 1  # of a command whose connection turns out to be lost; the client's own 10 take seconds

_retry = Retry(NoBackoff(), RETRIES, (redis.ConnectionError,))


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
        retry=_retry,
    )


_client = Once(_open)


class TcpTransport:
    """Plain commands over connections of the client's that stay out of its pool.

    With the pool and a pipeline of the client's, two short commands take 48 us of processor time;
    so they take 14 (redis-py 8.1, beside hiredis; most of that is the two system calls).
    """

    def __init__(self) -> None:
        self._idle: list[ConnectionInterface] = []

    def execute(self, command: Command) -> Any:
        """Run one command; strings come back as they are, without the client's conversions."""
        return self.pipeline([command])[0]

    def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Run several commands in one round trip, not as a transaction.

        Raises redis.ResponseError once all have been answered, when Redis refused one of them.
        """
        connection = self._lend()
        try:
            answers = _retry.call_with_retry(
                lambda: _ask(connection, commands), lambda _error: connection.disconnect()
            )
        except BaseException:  # what it has not read would be taken for the next answer
            connection.disconnect()
            raise
        finally:
            self._idle.append(connection)  # without a socket, it connects anew
        if refused := [answer for answer in answers if isinstance(answer, redis.ResponseError)]:
            raise refused[0]
        return answers

    def _lend(self) -> ConnectionInterface:
        try:
            return self._idle.pop()
        except IndexError:
            return client().connection_pool.make_connection()


def _ask(connection: ConnectionInterface, commands: Sequence[Command]) -> list[Any]:
    connection.send_packed_command(connection.pack_commands(commands))
    return [_answer(connection) for _ in commands]


def _answer(connection: ConnectionInterface) -> Any:
    try:
        return connection.read_response()
    except redis.ResponseError as error:
        return error
