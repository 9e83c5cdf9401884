"""What a view's result becomes, declared on the route, where the reference and the tests read it.

Here is `returns`, which most routes need; creation, lists and downloads are beside it: a function
that starts cold pays for each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Literal, NamedTuple

from marshmallow import Schema

from lib.errors import AppError
from lib.http.current import at_hand
from lib.http.etags import tagged
from lib.http.output import writer
from lib.http.reply import Reply, reply

View = Callable[..., Any]
Errors = tuple[type[AppError], ...]


class Answer(NamedTuple):
    """What a route answers when all is well, and which errors of its own it has.

    `location` is where what it created is, with the names of the row's columns; `media` are the
    types that a stream may have.
    """

    kind: Literal["one", "created", "page", "file", "stream", "nothing"]
    status: int
    schema: type[Schema] | None
    errors: Errors
    location: str = ""
    media: tuple[str, ...] = ()


def returns(
    schema: type[Schema] | None = None, status: int = 200, errors: Errors = ()
) -> Callable[[View], View]:
    """Answer with the row that the view returns, as `schema` shows it; without one, with 204."""
    answer = (
        Answer("one", status, schema, errors) if schema else Answer("nothing", 204, None, errors)
    )

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **params: Any) -> Reply:
            result = view(*args, **params)
            if schema is None:
                return Reply(status=204)
            response = reply(writer(schema).one(result), status)
            return response if at_hand.get().method == "POST" else tagged(response)

        answered.answer = answer  # type: ignore[attr-defined]
        return answered

    return decorate
