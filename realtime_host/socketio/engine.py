"""The handshake of Engine.IO: who may open a connection, and what they are told at first.

Errors have the codes and the form that its clients know (github.com/socketio/engine.io).
"""

from __future__ import annotations

import json

from flask import Request

from lib.errors import BadRequest, Forbidden
from lib.http.reply import Reply
from lib.ids import new_text
from realtime_host import door, limits
from realtime_host.socketio import packets

UNKNOWN_TRANSPORT, UNKNOWN_SESSION, BAD_METHOD, BAD_REQUEST, FORBIDDEN, UNKNOWN_VERSION = range(6)
VERSION = "4"


def refuse(request: Request) -> Reply | None:
    """Return the answer to a request that opens no WebSocket here; None for one that does."""
    args = request.args
    try:
        door.check_website(request)
        if args.get("transport") != "websocket":
            return _error(400, UNKNOWN_TRANSPORT, 'Use transports: ["websocket"].')
        if args.get("EIO") != VERSION:
            return _error(400, UNKNOWN_VERSION, "Use version 4 of Engine.IO.")
        if "sid" in args:
            return _error(400, UNKNOWN_SESSION, "There is no such session to upgrade.")
        if request.method != "GET":
            return _error(400, BAD_METHOD, "The handshake is a GET request.")
        door.check_handshake(request)
    except Forbidden as forbidden:
        return _error(403, FORBIDDEN, forbidden.detail)
    except BadRequest:
        return no_handshake()
    return None


def no_handshake() -> Reply:
    """Return the answer to what is no proper handshake of a WebSocket."""
    return _error(400, BAD_REQUEST, "This is no WebSocket handshake of version 13.")


def opening() -> str:
    """Return the packet that opens a connection; times are in milliseconds."""
    said = {
        "sid": new_text(),
        "upgrades": [],
        "pingInterval": int(limits.PING_EVERY * 1000),
        "pingTimeout": int(limits.PONG_WITHIN * 1000),
        "maxPayload": limits.FRAME_BYTES,
    }
    return packets.OPEN + json.dumps(said)


def _error(status: int, code: int, message: str) -> Reply:
    text = json.dumps({"code": code, "message": message}).encode()
    return Reply(text, status, {"Content-Type": "application/json"})
