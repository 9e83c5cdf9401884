"""`cursor-update`: where somebody's caret and selection are; everyone else in the room sees it."""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from lib.files.schemas import MAX_CONTENT
from lib.schemas import Strict
from realtime_host.events import event
from realtime_host.sender import Sender

NAME, PERMISSION = "cursor-update", "cursor.update"
MAX_STATE = 8_192  # characters


def _position() -> fields.Integer:
    # in UTF-16 units, as editors count; no text is longer than its bytes
    return fields.Integer(strict=True, allow_none=True, validate=validate.Range(0, MAX_CONTENT))


class CursorUpdate(Strict):
    """A selection from `anchor` to `head`, equal for a caret; no file: nowhere.

    `state` is whatever else a client shows of its person: a colour, a tool, a place on a canvas.
    """

    file_id = fields.UUID(allow_none=True)
    anchor = _position()
    head = _position()
    state = fields.String(allow_none=True, validate=validate.Length(max=MAX_STATE))


@event(NAME, permission=PERMISSION, schema=CursorUpdate)
def cursor_update(sender: Sender, data: dict[str, Any]) -> dict[str, Any]:
    """Show the others where the sender is; of several, a slow reader gets the latest."""
    sender.show_others(data)
    return {}
