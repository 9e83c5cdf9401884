"""The messages of y-websocket, and the states of awareness in them; sans-IO.

Source: the protocols' own document, github.com/yjs/y-protocols (PROTOCOL.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from realtime_host import frames, limits
from realtime_host.close_codes import PROTOCOL_ERROR, TOO_BIG
from realtime_host.protocol import Broken

SYNC, AWARENESS, AUTH, QUERY_AWARENESS = range(4)  # kinds of messages
STEP1, STEP2, UPDATE = range(3)  # kinds of sync
DENIED = 0  # the kind of auth
EMPTY = b"\0\0"  # the update in which there is nothing
GONE = b"null"  # the state of a client that has left
MAX_NUMBER = 2**53 - 1  # exact in JavaScript
NUMBER_BYTES = 8

_value = msgspec.json.Decoder().decode


class Said(NamedTuple):
    """One message: what kind it is, of sync which kind of that, and what it carries."""

    kind: int
    step: int
    data: bytes


class State(NamedTuple):
    """Where one client is, as JSON, by its own count of changes."""

    client: int
    clock: int
    json: bytes


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at == len(self._data)

    def number(self) -> int:
        number = 0
        for place in range(NUMBER_BYTES):
            if self._at >= len(self._data):
                break
            byte = self._data[self._at]
            self._at += 1
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80 and number <= MAX_NUMBER:
                return number
        raise _broken()

    def bytes(self) -> bytes:
        length = self.number()
        found = self._data[self._at : self._at + length]
        self._at += length
        if len(found) < length:
            raise _broken()
        return found


def read(payload: bytes) -> Said:
    """Return the message in a payload; raises Broken for what is none."""
    reader = _Reader(payload)
    kind, step, data = reader.number(), 0, b""
    if kind == SYNC:
        step = reader.number()
    if kind in (SYNC, AWARENESS):
        data = reader.bytes()
    if not reader.ended or kind not in (SYNC, AWARENESS, QUERY_AWARENESS) or step > UPDATE:
        raise _broken()
    return Said(kind, step, data)


def states(data: bytes) -> Iterator[State]:
    """Yield the states in an awareness update, valid each; raises Broken."""
    reader = _Reader(data)
    for _ in range(reader.number()):
        state = State(reader.number(), reader.number(), reader.bytes())
        if len(state.json) > limits.AWARENESS_BYTES:
            raise Broken(TOO_BIG, "The awareness state is too big.")
        try:
            _value(state.json)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise _broken() from None
        yield state
    if not reader.ended:
        raise _broken()


def sync(step: int, data: bytes) -> bytes:
    """Return the frame of a sync message."""
    return _frame(bytes((SYNC, step)) + _sized(data))


def awareness(told: Iterable[State]) -> bytes:
    """Return the frame that tells where clients are."""
    return _frame(bytes((AWARENESS,)) + _sized(packed(told)))


def denied(reason: str) -> bytes:
    """Return the frame that says that one may not write; providers show the reason."""
    return _frame(bytes((AUTH, DENIED)) + _sized(reason.encode()))


def packed(told: Iterable[State]) -> bytes:
    """Return an awareness update that tells these states."""
    each = [_number(s.client) + _number(s.clock) + _sized(s.json) for s in told]
    return _number(len(each)) + b"".join(each)


def _sized(data: bytes) -> bytes:
    return _number(len(data)) + data


def _number(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(0x80 | number & 0x7F)
        number >>= 7
    out.append(number)
    return bytes(out)


def _frame(payload: bytes) -> bytes:
    return frames.whole(payload, frames.BINARY)


def _broken() -> Broken:
    return Broken(PROTOCOL_ERROR, "This is no message of y-websocket.")
