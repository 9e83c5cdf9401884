"""The parts of the document that no event declares: the address, the door, closes and limits."""

from __future__ import annotations

from typing import Any

from lib.bridge.tickets import TICKET_TTL
from lib.errors import BadRequest, Forbidden, NotFound, Unauthenticated, Unavailable
from lib.files.documents import FIELD
from realtime_host import bounds, close_codes
from realtime_host.dispatch import MAX_ID
from realtime_host.door import SUBPROTOCOL
from realtime_host.seats import Crowded

TITLE = "Collaborative workspace rooms"
INFO = {
    "description": (
        "A WebSocket for everyone in a project. Every message is one JSON text. This document "
        "speaks for the host: what it receives is what clients send. A message that carries an "
        "`id` is answered by an `ack` or an `error` with it. A message with a `seq` is in the "
        "room's log: who comes back with the welcome's `epoch` and the last `seq` that they were "
        "told is given what they missed, in order and once, or a `resync-required`."
    ),
    "license": {"name": "MIT", "url": "https://opensource.org/license/mit"},
}
OWN_ID = {
    "description": "The client's own id for its message; unique among those it waits for.",
    "anyOf": [{"type": "string", "maxLength": MAX_ID}, {"type": "integer"}],
}
HOST_ID = {"description": "The id of this event.", "type": "string", "format": "uuid"}
SEQ = {
    "description": "Its number in the room's log: from 1, without gaps, each told once.",
    "type": "integer",
    "minimum": 1,
}
REQUEST = {"description": "The id of the request that led to it.", "type": "string"}
AT = {"description": "When it was told.", "type": "string", "format": "date-time"}

SECURITY = {
    "ticket": {
        "type": "httpApiKey",
        "in": "query",
        "name": "ticket",
        "description": (
            "A one-time ticket of `POST /api/v1/projects/{project_id}/ticket`, "
            f"good for {TICKET_TTL} seconds."
        ),
    },
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": (
            "An access token or a personal access token, as `Authorization: Bearer ...` or as the "
            f"subprotocols `{SUBPROTOCOL}, TOKEN`."
        ),
    },
}
SERVERS = {
    "host": {
        "host": "{host}",
        "protocol": "wss",
        "description": "Any of the real-time hosts; a ticket comes with the address to use it at.",
        "variables": {"host": {"default": "127.0.0.1:5001"}},
        "security": [{"$ref": f"#/components/securitySchemes/{name}"} for name in SECURITY],
    }
}

_QUERY = {
    "ticket": {"type": "string", "description": "A one-time ticket."},
    "epoch": {
        "type": "string",
        "format": "uuid",
        "description": "To go on where one has left off: the epoch of the last welcome's log.",
    },
    "seq": {
        "type": "integer",
        "minimum": 0,
        "description": "With it, the number of the last event that one was told.",
    },
}

_REFUSED = (BadRequest, Unauthenticated, Forbidden, NotFound, Crowded, Unavailable)

_AGAIN = "Connect again, after a pause that grows with every failure."
_OWN_MISTAKE = "A mistake of the client; connecting again helps only if it is not made again."
_NEW_TICKET = "Final, unless a new ticket can be had."
_CLOSES = {
    close_codes.PROTOCOL_ERROR: _OWN_MISTAKE,
    close_codes.INVALID_TEXT: _OWN_MISTAKE,
    close_codes.POLICY: _AGAIN,
    close_codes.TOO_BIG: _OWN_MISTAKE,
    close_codes.INTERNAL: _AGAIN,
    close_codes.TRY_LATER: _AGAIN,
    close_codes.RESTART: "Connect again once the time that `reconnect` told has passed.",
    close_codes.SESSION_OVER: _NEW_TICKET,
    close_codes.NO_ACCESS: _NEW_TICKET,
    close_codes.TOO_SLOW: _AGAIN,
    close_codes.TOO_MANY: _AGAIN,
}


def room(messages: dict[str, Any]) -> dict[str, Any]:
    """Return the one channel, with the messages that pass on it."""
    return {
        "address": "/ws/projects/{project_id}",
        "title": "The room of a project",
        "parameters": {"project_id": {"description": "The id of the project, a UUID."}},
        "messages": messages,
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": _QUERY},
                "bindingVersion": "0.1.0",
            }
        },
        "x-permission": "room.join",
        "x-refusals": {str(error.status): error.title for error in _REFUSED},
        "x-close-codes": {
            str(code): {"reason": close_codes.REASONS[code], "then": then}
            for code, then in _CLOSES.items()
        },
        "x-limits": bounds.shown(),
    }


def file() -> dict[str, Any]:
    """Return the channel of Yjs providers, whose messages are described by their own protocol."""
    return {
        "address": "/yjs/{file_id}",
        "title": "A file that Yjs providers have open",
        "description": (
            "The protocol of y-websocket, binary: sync and awareness, as in "
            "github.com/yjs/y-protocols. The text of the file is the shared text "
            f"`{FIELD}`. Updates of viewers are answered by `permission denied`."
        ),
        "parameters": {"file_id": {"description": "The id of the file, a UUID."}},
        "messages": {
            "provider": {
                "name": "provider",
                "summary": "One message of y-websocket, of either side.",
                "contentType": "application/octet-stream",
                "payload": {"type": "string", "format": "binary"},
            }
        },
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": {"ticket": _QUERY["ticket"]}},
                "bindingVersion": "0.1.0",
            }
        },
        "x-permission": "file.read",
        "x-permission-to-write": "file.update",
        "x-refusals": {str(error.status): error.title for error in _REFUSED},
    }
