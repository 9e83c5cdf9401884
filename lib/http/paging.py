"""Lists by pages: where the last one ended is an opaque cursor, so that nothing is skipped."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import request
from marshmallow import ValidationError, fields, validate

from lib.schemas import Strict

DEFAULT_LIMIT = 50  # items on a page
MAX_LIMIT = 200

Row = Mapping[str, Any]


class CursorField(fields.Field[UUID]):
    """The opaque `cursor` of a list: where the page before ended."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> UUID:
        try:
            return UUID(bytes=base64.urlsafe_b64decode(str(value).encode("ascii") + b"=="))
        except (ValueError, binascii.Error):
            raise ValidationError("Not a cursor of this list.") from None


class PageQuery(Strict):
    """The query string of every list."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT)
    )
    cursor = CursorField(load_default=None, metadata={"type": "string"})


def cut(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], str | None]:
    """Return a page of `rows`, and the cursor of the next: they are one more if there is one.

    A row's `cursor` is where it stands in the list; its `id`, where it has none.
    """
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], last.get("cursor") or _cursor(last["id"])


def link(cursor: str, limit: int) -> str:
    """Return the Link header (RFC 8288) to the page that begins at `cursor`, same filters."""
    in_path = request.url_rule.arguments if request.url_rule else ()
    filters = {name: value for name, value in request.args.items() if name not in in_path}
    more = urlencode(filters | {"limit": limit, "cursor": cursor})
    return f'<{request.path}?{more}>; rel="next"'


def _cursor(last: UUID | str) -> str:
    identity = last if isinstance(last, UUID) else UUID(last)
    return base64.urlsafe_b64encode(identity.bytes).rstrip(b"=").decode()
