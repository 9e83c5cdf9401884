"""Lists by pages: where the last one ended is an opaque cursor, so that nothing is skipped."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import orjson
from marshmallow import ValidationError, fields, post_load, validate

from lib.http.current import request
from lib.input import Refused, check_text
from lib.schemas import Strict

DEFAULT_LIMIT = 50  # items on a page
MAX_LIMIT = 200
MAX_CURSOR = 2000  # characters; the longest of ours holds a name
CURSOR = re.compile(r"^[A-Za-z0-9_-]{22}\Z")  # an id, in base64url without padding
MARK_BYTES = 6  # of the digest that says which list a cursor belongs to

Row = Mapping[str, Any]
Cursors = Callable[[Row], str]  # of what follows a row


class Place(NamedTuple):
    """Where a page of a sorted list ended: the value it is sorted by, and the row's id."""

    value: str | datetime
    id: UUID


class CursorField(fields.Field[UUID]):
    """The opaque `cursor` of a list: where the page before ended."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> UUID:
        if not CURSOR.match(str(value)):
            raise _foreign()
        return UUID(bytes=base64.urlsafe_b64decode(str(value) + "=="))


class PageQuery(Strict):
    """The query string of every list."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    cursor: fields.Field[Any] = CursorField(
        load_default=None, metadata={"type": "string", "pattern": CURSOR.pattern}
    )

    def cursors(self, wanted: Mapping[str, Any]) -> Cursors:  # noqa: ARG002
        """Return what makes the cursor of what follows a row, whatever was `wanted`."""
        return lambda row: row.get("cursor") or _text(UUID(str(row["id"])).bytes)


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
        return lambda row: _text(orjson.dumps([mark, row["sort_key"], row["id"]]))

    @post_load
    def _place(self, wanted: dict[str, Any], **_: Any) -> dict[str, Any]:
        if wanted["cursor"] is None:
            return wanted
        textual = wanted["sort"].lstrip("-") in self.TEXTS
        return wanted | {"cursor": _place(wanted["cursor"], _mark(wanted), textual)}


def cut(rows: Sequence[Row], limit: int, cursor_after: Cursors) -> tuple[Sequence[Row], str | None]:
    """Return a page of `rows`, and the cursor of the next: they are one more if there is one."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursor_after(rows[limit - 1])


def link_to(limit: int) -> str:
    """Return the Link header (RFC 8288) of the next page, same filters: `{cursor}` is to be filled.

    A cursor is safe in a URL as it is.
    """
    in_path = request.url_rule.arguments if request.url_rule else ()
    left_out = {"limit", "cursor", *in_path}
    filters = [(name, value) for name, value in request.args.items() if name not in left_out]
    more = urlencode([*filters, ("limit", limit)])
    return f'<{request.path}?{more}&cursor={{cursor}}>; rel="next"'


def _place(cursor: str, mark: str, textual: bool) -> Place:
    try:
        found, value, identity = orjson.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        if found != mark or not isinstance(value, str):
            raise _foreign()
        check_text(value, "/cursor")
        moment = None if textual else datetime.fromisoformat(value)
        if moment and moment.tzinfo is None:
            raise _foreign()
        return Place(moment or value, UUID(identity))
    except (ValueError, TypeError, AttributeError, binascii.Error, Refused):
        raise _foreign() from None


def _mark(wanted: Mapping[str, Any]) -> str:
    which = {n: str(v) for n, v in wanted.items() if n not in ("limit", "cursor")}
    where = {n: str(v) for n, v in (request.view_args or {}).items()}
    text = orjson.dumps([str(request.url_rule), where, which], option=orjson.OPT_SORT_KEYS)
    return blake2b(text, digest_size=MARK_BYTES).hexdigest()


def _text(cursor: bytes) -> str:
    return base64.urlsafe_b64encode(cursor).rstrip(b"=").decode()


def _foreign() -> ValidationError:
    return ValidationError("Not a cursor of this list.", "cursor")
