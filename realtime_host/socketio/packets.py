"""Packets of Engine.IO 4 and Socket.IO 5, as text over a WebSocket; sans-IO, without attachments.

Source: the protocols' own documents, github.com/socketio/engine.io-protocol (version 4) and
github.com/socketio/socket.io-protocol (version 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from lib.errors import AppError, BadRequest, NotFound
from lib.input import parse
from realtime_host import dispatch, protocol
from realtime_host.close_codes import NO_CODE, PROTOCOL_ERROR
from realtime_host.dispatch import Envelope, Unreadable
from realtime_host.protocol import Broken, Parser, Received

OPEN, ENGINE_CLOSE, ENGINE_PING, ENGINE_PONG = "0", "1", "2", "3"
CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR = "40", "41", "42", "43", "44"
BINARY_EVENT, BINARY_ACK = "45", "46"
MAIN = "/"  # the only namespace
MAX_DIGITS = 15  # of a client's id for an event: exact in JavaScript

# A kind, the number of attachments, a namespace if it is not the main one, an id, and JSON.
_PACKET = re.compile(
    rf"(4[0-6])(?:[0-9]{{1,3}}-)?(?:(/[^,]*)(?:,|\Z))?([0-9]{{0,{MAX_DIGITS}}})(?![0-9])"
)
_NOT_TAKEN = {
    CONNECT: "You are connected already.",
    DISCONNECT: "You are not connected there.",
    ACK: "Nobody has asked for this acknowledgement.",
    CONNECT_ERROR: "Only the host sends this.",
    BINARY_EVENT: "Send data as JSON, without binary values.",
    BINARY_ACK: "Nobody has asked for this acknowledgement.",
}


class Packet(NamedTuple):
    """One packet of Socket.IO: `kind` with Engine.IO's own digit ahead, `payload` still JSON."""

    kind: str
    namespace: str
    id: int | None
    payload: str


class PacketParser(Parser):
    """A connection's receiving side: what it yields is what a plain client would have sent.

    Only the text of a message is still a packet's, for `read`.
    """

    __slots__ = ()

    def feed(self, data: bytes) -> Iterator[str | Received]:
        """Yield what `data` completes, in order; raises Broken at the first mistake."""
        for message in super().feed(data):
            yield _plain(message) if isinstance(message, str) else message


def unpack(text: str) -> Packet:
    """Return the packet of Socket.IO in a message; raises Broken if there is none."""
    found = _PACKET.match(text)
    if not found:
        raise Broken(PROTOCOL_ERROR, "This is no packet of Socket.IO 5.")
    kind, namespace, digits = found.groups()
    return Packet(kind, namespace or MAIN, int(digits) if digits else None, text[found.end() :])


def read(text: str) -> Envelope:
    """Return what a packet asks for; raises Unreadable.

    Its id is the packet's own, or the namespace (text) that can't be connected to.
    """
    packet = unpack(text)
    if packet.namespace != MAIN:
        raise Unreadable(no_namespace(), packet.namespace)
    try:
        if packet.kind != EVENT:
            raise BadRequest(_NOT_TAKEN[packet.kind])
        name, data = _arguments(parse(packet.payload, "packet"))
        return Envelope(dispatch.event_named(name), data, packet.id)
    except AppError as error:
        raise Unreadable(error, packet.id) from None


def no_namespace() -> AppError:
    """Return the error of a namespace that is not the main one."""
    return NotFound("Connect to the main namespace; `auth.project_id` says which room.")


def connect_error(problem: dict[str, Any], namespace: str = MAIN) -> str:
    """Return the packet that refuses a CONNECT: the message is the name of the problem's type."""
    where = "" if namespace == MAIN else f"{namespace},"
    name = problem["type"].rpartition("/")[2]
    return f"{CONNECT_ERROR}{where}{json.dumps({'message': name, 'data': problem})}"


def _plain(text: str) -> str | Received:
    if text == ENGINE_PONG:
        return Received(protocol.PONG)
    if text == ENGINE_CLOSE:
        return Received(protocol.CLOSE, code=NO_CODE)
    packet = unpack(text)
    if packet.kind == DISCONNECT and packet.namespace == MAIN:
        return Received(protocol.CLOSE, code=NO_CODE)
    return text


def _arguments(words: Any) -> tuple[Any, Any]:
    if not isinstance(words, list) or not 1 <= len(words) <= 2:
        raise BadRequest("Emit an event with one argument, its data.")
    return words[0], words[1] if len(words) == 2 else {}
