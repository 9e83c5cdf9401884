"""Cursors are nearly all that a room says: a way through the host that is cheap, and checks all.

A message in its usual form is read and checked by msgspec, compiled; any other, and any that is
wrong, goes the way of all events, which says what is wrong with it.
"""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from lib.files.schemas import MAX_CONTENT
from realtime_host import frames
from realtime_host.connection import Connection
from realtime_host.events.cursor_update import MAX_STATE

Position = Annotated[int, Meta(ge=0, le=MAX_CONTENT)]


class Cursor(Struct, forbid_unknown_fields=True, gc=False):
    """What events.cursor_update.CursorUpdate lets through; a test holds the two together."""

    file_id: UUID | UnsetType | None = UNSET
    anchor: Position | UnsetType | None = UNSET
    head: Position | UnsetType | None = UNSET
    state: Annotated[str, Meta(max_length=MAX_STATE)] | UnsetType | None = UNSET


class Said(Struct, tag_field="event", tag="cursor-update", forbid_unknown_fields=True, gc=False):
    """A whole message without an `id`, which nobody waits for an answer to."""

    data: Cursor


AROUND = len('{"event":"cursor-update","data":}')
QUOTES = 6  # quotation marks around the names and values of the message itself

_decode = msgspec.json.Decoder(Said).decode
_encode = msgspec.json.Encoder().encode


def read(text: str) -> bytes | None:
    """Return a cursor's data as compact JSON, None if `text` is not one in its usual form.

    A member that is there twice shows in the number of quotation marks, since there are no escapes;
    it makes the text longer than the data that is made of it, by more than another form of an id.
    """
    if "\\" in text:
        return None
    try:
        data = _encode(_decode(text).data)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    if len(text) == len(data) + AROUND and text.isascii():
        return data
    return data if text.count('"') == data.count(b'"') + QUOTES else None


def shown(connection: Connection, data: bytes) -> bytes:
    """Return the event by which others see a cursor, as JSON."""
    head = connection.cursor_head
    if not head:
        user = frames.encode({"user": connection.user})
        head = connection.cursor_head = b'{"event":"cursor-update","data":' + user[:-1]
    return head + b"}}" if data == b"{}" else head + b"," + data[1:] + b"}"
