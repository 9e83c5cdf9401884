"""What the host sends: WebSocket frames, unmasked, so that one encoding serves every reader."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from typing import Any

import msgspec

from lib.bridge.messages import Message
from lib.ids import new_text
from realtime_host.close_codes import REASONS

TEXT, BINARY, CLOSE, PING, PONG = 0x81, 0x82, 0x88, 0x89, 0x8A  # final frames, by opcode
MAX_CONTROL = 125  # bytes of a control frame's payload (RFC 6455, section 5.5)

_fast = msgspec.json.Encoder()  # for texts, numbers and the like: a full room is much to tell
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)


def encode(body: dict[str, Any]) -> bytes:
    """Return compact JSON."""
    return _encoder.encode(body).encode()


def event(name: str, data: dict[str, Any]) -> bytes:
    """Return an event that the host itself tells, with a fresh id."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return whole(_fast.encode({"event": name, "id": new_text(), "at": at, "data": data}))


def of_message(message: Message) -> bytes:
    """Return a message of the room's channel as its readers see it."""
    head: dict[str, Any] = {"event": message.type}
    if message.seq:
        head["seq"] = message.seq
    if message.request_id:
        head["request_id"] = message.request_id
    return _text(head | {"id": message.id, "at": message.at, "data": message.data})


def answer(
    name: str, identity: str | int | None, data: dict[str, Any], seq: int | None = None
) -> bytes:
    """Return an `ack` or `error` for the client's own `id`, which it may have left out.

    An ack that stands for a persistent event carries its number, too.
    """
    head: dict[str, Any] = {"event": name}
    if identity is not None:
        head["id"] = identity
    if seq:
        head["seq"] = seq
    return _text(head | {"data": data})


def close(code: int, reason: str | None = None) -> bytes:
    """Return a close frame; the reason is the code's own unless given."""
    text = (REASONS.get(code, "") if reason is None else reason).encode()
    return control(CLOSE, struct.pack("!H", code) + text[: MAX_CONTROL - 2])


def control(kind: int, payload: bytes = b"") -> bytes:
    """Return a control frame: CLOSE, PING or PONG."""
    return bytes((kind, len(payload))) + payload


def whole(payload: bytes, kind: int = TEXT) -> bytes:
    """Return a message, TEXT or BINARY, in one frame."""
    length = len(payload)
    if length <= MAX_CONTROL:
        return bytes((kind, length)) + payload
    if length < 1 << 16:
        return bytes((kind, 126, length >> 8, length & 0xFF)) + payload
    return struct.pack("!BBQ", kind, 127, length) + payload


def _text(body: dict[str, Any]) -> bytes:
    return whole(encode(body))
