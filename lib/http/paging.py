"""Lists by pages: where the last one ended is an opaque cursor, so that nothing is skipped."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from marshmallow import ValidationError, fields, validate

from lib.http.current import request
from lib.schemas import Strict

DEFAULT_LIMIT = 50  # items on a page
MAX_LIMIT = 200
CURSOR = r"^[A-Za-z0-9_-]{22}\Z"  # an id, in base64url without padding

Row = Mapping[str, Any]
Cursors = Callable[[Row], str]  # of what follows a row


class CursorField(fields.Field[UUID]):
    """The opaque `cursor` of a list: where the page before ended."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> UUID:
        if not re.match(CURSOR, str(value)):
            raise foreign()
        return UUID(bytes=base64.urlsafe_b64decode(str(value) + "=="))


class PageQuery(Strict):
    """The query string of every list."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    cursor: fields.Field[Any] = CursorField(
        load_default=None, metadata={"type": "string", "pattern": CURSOR}
    )

    def cursors(self, wanted: Mapping[str, Any]) -> Cursors:  # noqa: ARG002
        """Return what makes the cursor of what follows a row, whatever was `wanted`."""
        return lambda row: row.get("cursor") or encoded(UUID(str(row["id"])).bytes)


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


def encoded(cursor: bytes) -> str:
    """Return what a cursor holds as its text."""
    return base64.urlsafe_b64encode(cursor).rstrip(b"=").decode()


def foreign() -> ValidationError:
    """Return the error for what is no cursor of the list at hand."""
    return ValidationError("Not a cursor of this list.", "cursor")
