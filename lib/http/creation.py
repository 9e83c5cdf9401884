"""`creates`: the answer to a POST that makes something, once for each Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from lib.access.throttles import CREATION
from lib.http import idempotency
from lib.http.answers import Answer
from lib.http.output import writer
from lib.http.reply import Reply, reply

if TYPE_CHECKING:
    from marshmallow import Schema

    from lib.access.caller import Access
    from lib.http.answers import Errors, View

SOON = 1  # seconds after which it is worth while to look what came of something


def creates(
    schema: type[Schema], location: str, status: int = 201, errors: Errors = ()
) -> Callable[[View], View]:
    """Answer with the new row, and with its address: `location`, filled in from the row.

    A request with an Idempotency-Key is carried out once: see lib.http.idempotency. One person may
    create so much in a minute, unless the route is `limited` otherwise. A 202 says in how many
    seconds to look what came of it: the row's `retry_after`, or SOON.
    """

    def decorate(view: View) -> View:
        def create(access: Access, *args: Any, **params: Any) -> Reply:
            row = view(access, *args, **params)
            more = {"Location": location.format_map(row)}
            if status == 202:
                more["Retry-After"] = str(row.get("retry_after", SOON))
            return reply(writer(schema).one(row), status, more)

        @wraps(view)
        def answered(access: Access, *args: Any, **params: Any) -> Reply:
            return idempotency.once(access, lambda: create(access, *args, **params))

        answered.answer = Answer("created", status, schema, errors, location)  # type: ignore[attr-defined]
        answered.limit = CREATION  # type: ignore[attr-defined]
        return answered

    return decorate
