"""`cron`, `for_operators`: the edges of what only the holder of CRON_SECRET may start, or see."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import Any

import orjson
from marshmallow import Schema, fields

from lib import logs
from lib.config import settings
from lib.errors import Unauthenticated
from lib.http.answers import Answer
from lib.http.current import request
from lib.http.output import writer
from lib.http.reply import Reply, reply
from lib.maintenance import runs
from lib.schemas import Strict

Work = Callable[[], dict[str, Any]]


class CronOut(Strict):
    """What a maintenance function did: counts by name, and the milliseconds that it took."""

    function = fields.String()
    done = fields.Dict(keys=fields.String(), values=fields.Integer())
    ms = fields.Integer()


def cron(name: str) -> Callable[[Work], Callable[[], Reply]]:
    """Let the platform's timer call the function; what it returns is said to be `done`.

    Answers 401 unless Authorization is `Bearer CRON_SECRET`, and always while that is not set.
    """

    def decorate(work: Work) -> Callable[[], Reply]:
        @wraps(work)
        def guarded() -> Reply:
            authenticate(request.headers.get("Authorization", ""))
            started = perf_counter()
            done = runs.noted(name, work)
            ms = round((perf_counter() - started) * 1000)
            logs.info("cron.done", function=name, done=done, ms=ms)
            body = orjson.dumps({"function": name, "done": done, "ms": ms})
            return reply(body)

        guarded.answer = Answer("one", 200, CronOut, ())  # type: ignore[attr-defined]
        return guarded

    return decorate


def for_operators(schema: type[Schema]) -> Callable[[Work], Callable[[], Reply]]:
    """Show what the view returns, as `schema` does, to the holder of CRON_SECRET alone."""

    def decorate(view: Work) -> Callable[[], Reply]:
        @wraps(view)
        def guarded() -> Reply:
            authenticate(request.headers.get("Authorization", ""))
            return reply(writer(schema).one(view()))

        guarded.answer = Answer("one", 200, schema, ())  # type: ignore[attr-defined]
        return guarded

    return decorate


def authenticate(header: str) -> None:
    """Raise Unauthenticated unless an Authorization header holds CRON_SECRET."""
    secret = settings().cron_secret
    expected = f"Bearer {secret}".encode()
    if not secret or not hmac.compare_digest(header.encode(), expected):
        raise Unauthenticated("Send the cron secret as `Authorization: Bearer ...`.")
