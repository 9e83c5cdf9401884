"""`lists`: the answer of a list, by pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any

from lib.http.answers import Answer
from lib.http.bodies import query_values
from lib.http.current import at_hand
from lib.http.output import writer
from lib.http.paging import Cursors, PageQuery, cut, link_to
from lib.http.reply import Reply, reply
from lib.input import validate

if TYPE_CHECKING:
    from marshmallow import Schema

    from lib.http.answers import Errors, View

KNOWN_QUERIES = 256  # of each list, that a process remembers to have read: clients ask alike


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
