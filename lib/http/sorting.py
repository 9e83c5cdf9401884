"""Lists in an order of the caller's choice: their cursors hold what they are sorted by, too."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import orjson
from marshmallow import fields, post_load, validate

from lib.http.current import request
from lib.http.paging import Cursors, PageQuery, encoded, foreign
from lib.input import Refused, check_text

MAX_CURSOR = 2000  # characters; the longest of ours holds a name
MARK_BYTES = 6  # of the digest that says which list a cursor belongs to


class Place(NamedTuple):
    """Where a page of a sorted list ended: the value it is sorted by, and the row's id."""

    value: str | datetime
    id: UUID


def sort_field(*columns: str, default: str) -> fields.String:
    """Return the field `sort` of a list: a column, or `-column` for the other direction."""
    choices = [sign + column for column in columns for sign in ("", "-")]
    return fields.String(load_default=default, validate=validate.OneOf(choices))


class SortedQuery(PageQuery):
    """The query string of a list that is sorted by a column of the caller's choice, then by id.

    A subclass has a `sort_field`, and names in `TEXTS` which columns hold text; the others hold
    times. A row of such a list carries what it is sorted by as `sort_key`. The cursor belongs to
    one list: to its path, its order and its filters. `cursor` is a Place, once loaded.
    """

    TEXTS: ClassVar[frozenset[str]] = frozenset()

    cursor = fields.String(load_default=None, validate=validate.Length(max=MAX_CURSOR))

    def cursors(self, wanted: Mapping[str, Any]) -> Cursors:
        """Return what makes the cursor of what follows a row of the list that is at hand."""
        mark = _mark(wanted)
        return lambda row: encoded(orjson.dumps([mark, row["sort_key"], row["id"]]))

    @post_load
    def _place(self, wanted: dict[str, Any], **_: Any) -> dict[str, Any]:
        if wanted["cursor"] is None:
            return wanted
        textual = wanted["sort"].lstrip("-") in self.TEXTS
        return wanted | {"cursor": _place(wanted["cursor"], _mark(wanted), textual)}


def _place(cursor: str, mark: str, textual: bool) -> Place:
    try:
        found, value, identity = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        if found != mark or not isinstance(value, str):
            raise foreign()
        check_text(value, "/cursor")
        moment = None if textual else datetime.fromisoformat(value)
        if moment and moment.tzinfo is None:
            raise foreign()
        return Place(moment or value, UUID(identity))
    except (ValueError, TypeError, AttributeError, binascii.Error, Refused):
        raise foreign() from None


def _mark(wanted: Mapping[str, Any]) -> str:
    which = {n: str(v) for n, v in wanted.items() if n not in ("limit", "cursor")}
    where = {n: str(v) for n, v in (request.view_args or {}).items()}
    text = orjson.dumps([str(request.url_rule), where, which], option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=MARK_BYTES).hexdigest()
