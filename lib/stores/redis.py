"""Redis, whichever way this process reaches it: over HTTP (functions) or TCP (the host side).

A process on the host side calls `use_tcp()` once at its start. Callers say `execute` and `pipeline`
with plain commands, so that lib.bridge is written once for both sides. A Redis that does not answer
costs each process one call's timeout in a while, not every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from lib.config import ConfigError, settings
from lib.errors import Unavailable
from lib.stores.breaker import Breaker
from lib.stores.once import Once

HTTP_TIMEOUT = 1.0  # seconds for one call; the client itself would wait for ever
PATIENCE = 0.5  # seconds lost in a row, after which Redis is left alone
PAUSE = 1.0  # seconds until one call tries again

Command = Sequence[str | int | float]


class Transport(Protocol):
    """What either way of reaching Redis offers."""

    def execute(self, command: Command) -> Any:
        """Run one command and return its answer."""

    def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Run several commands in one round trip and return their answers in order."""


_transport: Transport | None = None
_waiting: ContextVar[list[Command] | None] = ContextVar("told", default=None)
_breaker = Breaker(PATIENCE, PAUSE)


def use(transport: Transport) -> None:
    """Reach Redis through `transport` from now on."""
    global _transport
    _transport = transport


def use_tcp() -> None:
    """Reach Redis over TCP from now on: what the long-lived host and the worker do."""
    from lib.stores.redis_tcp import TcpTransport

    use(TcpTransport())


def trust() -> None:
    """Ask Redis with the next call, though it has just let others wait: for who has mended it."""
    _breaker.close()


def execute(*command: str | int | float) -> Any:
    """Run one command; raises Unavailable when Redis does not answer or refuses."""
    try:
        transport = _current()
        with _breaker.guard():
            return transport.execute(command)
    except Exception as error:
        raise _unavailable(error) from error


def pipeline(commands: Sequence[Command]) -> list[Any]:
    """Run commands in one round trip; raises Unavailable when Redis does not answer or refuses."""
    try:
        transport = _current()
        with _breaker.guard():
            return transport.pipeline(commands)
    except Exception as error:
        raise _unavailable(error) from error


def tell(*command: str | int | float) -> None:
    """Run a command without an answer, now or `together` with others; raises Unavailable."""
    waiting = _waiting.get()
    if waiting is None:
        execute(*command)
    else:
        waiting.append(command)


@contextmanager
def together() -> Iterator[None]:
    """Send what is told in here in one round trip, at the end; raises Unavailable."""
    commands: list[Command] = []
    token = _waiting.set(commands)
    try:
        yield
    finally:
        _waiting.reset(token)
    if len(commands) == 1:
        execute(*commands[0])
    elif commands:
        pipeline(commands)


def _unavailable(error: Exception) -> Exception:
    if isinstance(error, ConfigError | Unavailable):
        return error
    return Unavailable(f"Redis does not answer ({type(error).__name__}).")


def _current() -> Transport:
    return _transport or _http()


class HttpTransport:
    """Upstash's REST protocol, with a timeout and no retry: a retried PUBLISH could run twice."""

    def __init__(self) -> None:
        import httpx
        from upstash_redis import Redis

        if not settings().upstash_url:
            raise ConfigError("UPSTASH_REDIS_REST_URL is not set: functions reach Redis over HTTP.")
        self._redis = Redis(
            settings().upstash_url,
            settings().upstash_token,
            rest_retries=0,
            allow_telemetry=False,
            read_your_writes=False,
        )
        self._redis._http._client = httpx.Client(timeout=HTTP_TIMEOUT)

    def execute(self, command: Command) -> Any:
        """Run one command over HTTP."""
        return self._redis.execute(list(command))

    def pipeline(self, commands: Sequence[Command]) -> list[Any]:
        """Run several commands in one HTTP request."""
        pipeline = self._redis.pipeline()
        for command in commands:
            pipeline.execute(list(command))
        return pipeline.exec()


_http = Once(HttpTransport)
