"""Output: rows through a marshmallow schema to JSON: one, a page of them, or none."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

from flask import Response, request
from marshmallow import Schema, ValidationError, fields, validate

from lib.schemas import Strict

DEFAULT_LIMIT = 50  # items on a page
MAX_LIMIT = 200


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
    cursor = CursorField(load_default=None)


def reply(
    schema: type[Schema],
    row: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return one resource as `schema` shows it."""
    return _json(schema().dump(row), status, headers)


def created(schema: type[Schema], row: Mapping[str, Any], location: str) -> Response:
    """Return a new resource: 201, with its address."""
    return reply(schema, row, 201, {"Location": location})


def page(schema: type[Schema], rows: Sequence[Mapping[str, Any]], limit: int) -> Response:
    """Return a page of a list; `rows` holds one more than `limit` when there is another page."""
    shown = rows[:limit]
    cursor = _cursor(shown[-1]["id"]) if len(rows) > limit else None
    body = {"items": schema(many=True).dump(shown), "next_cursor": cursor}
    headers = {}
    if cursor:
        more = urlencode(_filters() | {"limit": limit, "cursor": cursor})
        headers["Link"] = f'<{request.path}?{more}>; rel="next"'
    return _json(body, 200, headers)


def download(filename: str, media_type: str, content: bytes) -> Response:
    """Return a file that a browser saves under its name, whatever is in it."""
    plain = filename.encode("ascii", "replace").decode().replace("?", "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
    return Response(content, 200, {"Content-Disposition": disposition}, content_type=media_type)


def no_content() -> Response:
    """Return an answer without a body: 204."""
    return Response(status=204)


def _filters() -> dict[str, str]:
    in_path = request.url_rule.arguments if request.url_rule else ()
    return {name: value for name, value in request.args.items() if name not in in_path}


def _cursor(last: UUID | str) -> str:
    identity = last if isinstance(last, UUID) else UUID(last)
    return base64.urlsafe_b64encode(identity.bytes).rstrip(b"=").decode()


def _json(body: Any, status: int, headers: Mapping[str, str] | None) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, headers, content_type="application/json; charset=utf-8")
