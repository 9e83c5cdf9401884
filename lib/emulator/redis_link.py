"""Raw commands to a Redis over TCP: replies come back as RESP2 has them, uninterpreted."""

from collections.abc import Callable
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import ExecAbortError, ResponseError
from redis.retry import Retry

CONNECT_SECONDS = 2.0
REPLY_SECONDS = 10.0

Command = list[str | bytes | int | float]


class RedisLink:
    """A pool of connections. Nothing is ever sent twice: a lost reply is the caller's to judge.

    Methods raise ResponseError for what Redis refuses, another RedisError when it does not answer.
    """

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=REPLY_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def command(self, command: Command) -> Any:
        """Return the reply to one command."""
        [reply] = self.pipeline([command])
        if isinstance(reply, ResponseError):
            raise reply
        return reply

    def pipeline(self, commands: list[Command]) -> list[Any]:
        """Return the reply, or the ResponseError, of each command."""
        return self._with_connection(lambda connection: _exchange(connection, commands))

    def transaction(self, commands: list[Command]) -> list[Any]:
        """Return the same for commands that run together, between MULTI and EXEC.

        Raises ExecAbortError when one of them can't be queued, and then none has run.
        """
        framed: list[Command] = [["MULTI"], *commands, ["EXEC"]]
        replies = self._with_connection(lambda connection: _exchange(connection, framed))[-1]
        if isinstance(replies, ResponseError):
            raise replies
        if replies is None:
            raise ExecAbortError("Transaction discarded", status_code="EXECABORT")
        return list(replies)

    def _with_connection(self, use: Callable[[Any], list[Any]]) -> list[Any]:
        connection = self._pool.get_connection()
        try:
            return use(connection)
        except BaseException:
            connection.disconnect()  # replies may still be on their way
            raise
        finally:
            self._pool.release(connection)


def _exchange(connection: Any, commands: list[Command]) -> list[Any]:
    connection.send_packed_command(connection.pack_commands(commands))
    return [_read(connection) for _ in commands]


def _read(connection: Any) -> Any:
    try:
        return connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return error
