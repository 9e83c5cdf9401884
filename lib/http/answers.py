"""What a view's result becomes: `returns`, `creates`, `lists`; files are in lib.http.downloads.

Declared on the route, so that the reference and the tests read it there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, Literal, NamedTuple

from marshmallow import Schema

from lib.access.caller import Access
from lib.access.throttles import CREATION
from lib.errors import AppError
from lib.http import idempotency
from lib.http.bodies import query_values
from lib.http.current import at_hand
from lib.http.etags import tagged
from lib.http.output import writer
from lib.http.paging import Cursors, PageQuery, cut, link_to
from lib.http.reply import Reply, reply
from lib.input import validate

SOON = 1  # seconds after which it is worth while to look what came of something
KNOWN_QUERIES = 256  # of each list, that a process remembers to have read: clients ask alike

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


def lists(
    schema: type[Schema], query: type[PageQuery] = PageQuery, errors: Errors = ()
) -> Callable[[View], View]:
    """Answer with a page of a list; the view gets the valid query, a dict, as its last argument.

    It returns the rows, one more than `limit` when there are more.
    """
    loader = query()

    @lru_cache(KNOWN_QUERIES)  # of what was valid, alone
    def read(_path: str, _query: str) -> tuple[dict[str, Any], str, Cursors]:
        wanted = validate(loader, query_values())
        return wanted, link_to(wanted["limit"]), loader.cursors(wanted)

    def decorate(view: View) -> View:
        @wraps(view)
        def answered(*args: Any, **params: Any) -> Reply:
            environ = at_hand.get().environ
            wanted, link, after = read(environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
            rows, cursor = cut(view(*args, wanted, **params), wanted["limit"], after)
            more = {"Link": link.replace("{cursor}", cursor)} if cursor else None
            return reply(writer(schema).page(rows, cursor), more=more)

        answered.query_schema = query  # type: ignore[attr-defined]
        answered.answer = Answer("page", 200, schema, errors)  # type: ignore[attr-defined]
        return answered

    return decorate
