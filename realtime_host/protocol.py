"""What clients send: the receiving half of RFC 6455, for a server, without extensions.

Sans-IO: bytes go in, messages come out. A whole payload is unmasked as one integer, and a text in
one frame takes a short way: that makes it several times as fast as a general library.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from realtime_host import limits
from realtime_host.close_codes import (
    INVALID_TEXT,
    NO_CODE,
    POLICY,
    PROTOCOL_ERROR,
    TOO_BIG,
    sendable,
)

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
_DATA, _CONTROL = frozenset({CONTINUATION, TEXT, BINARY}), frozenset({CLOSE, PING, PONG})
_WHOLE_TEXT = 0x80 | TEXT  # how nearly every frame begins
_EXTENDED = {126: 2, 127: 8}  # length codes, and the bytes that follow them


class Broken(Exception):
    """The client broke the protocol or a limit; `code` is what to close the connection with."""

    def __init__(self, code: int, reason: str | None = None) -> None:
        super().__init__(reason or code)
        self.code = code
        self.reason = reason


class Received(NamedTuple):
    """What is no text: BINARY, PING and PONG have a `payload`, CLOSE has a `code`."""

    kind: int
    payload: bytes = b""
    code: int = 0


class Parser:
    """One connection's receiving side: frames cut anywhere, fragments with pings between them."""

    __slots__ = ("_decoder", "_fragments", "_needed", "_opcode", "_parts", "_rest", "_size", "most")

    def __init__(self) -> None:
        self.most = limits.FRAME_BYTES  # of one message
        self._rest = bytearray()  # of a frame that is not complete
        self._needed = 2  # bytes in all before it is worth another look
        self._opcode = 0  # of the fragmented message that is open
        self._fragments = 0
        self._size = 0
        self._parts: list[Any] = []  # its pieces, of text or bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, data: bytes) -> Iterator[str | Received]:
        """Yield what `data` completes, in order, texts as they are; raises Broken at a mistake."""
        if self._rest or len(data) < self._needed:
            self._rest += data
            if len(self._rest) < self._needed:
                return
            data, self._rest = bytes(self._rest), bytearray()
        at, end = 0, len(data)
        while True:
            if end - at > 8 and data[at] == _WHOLE_TEXT and not self._opcode:
                start, length = _place(data, at)
                if length and start + length <= end and length <= self.most:
                    yield _decoded(_unmasked(data, start, length))
                    at = start + length
                    continue
            start, length = self._head(data, at, end)
            if start + length > end:
                break
            message = self._message(data[at], _unmasked(data, start, length))
            at = start + length
            if message is not None:
                yield message
        self._rest += data[at:]
        self._needed = start + length - at

    def _head(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """Return where the payload begins and its length, as far as can be seen."""
        if end - at < 2:
            return at + 2, 0
        first, length = data[at], data[at + 1] & 0x7F
        if first & 0x70:
            raise Broken(PROTOCOL_ERROR, "Reserved bits are set.")
        if not data[at + 1] & 0x80:
            raise Broken(PROTOCOL_ERROR, "Frames of a client are masked.")
        self._check_opcode(first, length)
        start = at + 6
        if length > 125:
            extra = _EXTENDED[length]
            start += extra
            if end - at < 2 + extra:
                return start, 0
            minimum = 126 if extra == 2 else 1 << 16
            length = int.from_bytes(data[at + 2 : at + 2 + extra], "big")
            if length < minimum or length >> 63:
                raise Broken(PROTOCOL_ERROR, "The length is not written the shortest way.")
        if self._size + length > self.most and not first & 0x08:
            raise Broken(TOO_BIG)
        return start, length

    def _check_opcode(self, first: int, length: int) -> None:
        opcode = first & 0x0F
        if opcode in _CONTROL:
            if length > 125 or not first & 0x80:
                raise Broken(PROTOCOL_ERROR, "Control frames are short and whole.")
        elif opcode not in _DATA:
            raise Broken(PROTOCOL_ERROR, "There is no such opcode.")
        elif (opcode == CONTINUATION) != bool(self._opcode):
            raise Broken(PROTOCOL_ERROR, "Fragments are out of order.")

    def _message(self, first: int, payload: bytes) -> str | Received | None:
        opcode, final = first & 0x0F, first & 0x80
        if opcode in _CONTROL:
            return _closing(payload) if opcode == CLOSE else Received(opcode, payload=payload)
        if opcode != CONTINUATION and final:
            return _decoded(payload) if opcode == TEXT else Received(BINARY, payload)
        return self._fragment(opcode, payload, bool(final))

    def _fragment(self, opcode: int, payload: bytes, final: bool) -> str | Received | None:
        self._opcode = self._opcode or opcode
        self._size += len(payload)
        self._fragments += 1
        if self._fragments > limits.FRAGMENTS:
            raise Broken(POLICY, "The message has too many fragments.")
        self._parts.append(self._piece(payload, final) if self._opcode == TEXT else payload)
        if not final:
            return None
        kind, parts = self._opcode, self._parts
        self._opcode = self._size = self._fragments = 0
        self._parts = []
        return "".join(parts) if kind == TEXT else Received(kind, b"".join(parts))

    def _piece(self, payload: bytes, final: bool) -> str:
        try:
            return self._decoder.decode(payload, final)
        except UnicodeDecodeError:
            raise Broken(INVALID_TEXT) from None


def _place(data: bytes, at: int) -> tuple[int, int]:
    """Return where a masked payload begins, and its length; 0 for those to look closer at."""
    code = data[at + 1]
    if 0x80 <= code <= 0xFD:
        return at + 6, code - 0x80
    if code == 0xFE and (length := data[at + 2] << 8 | data[at + 3]) > 125:
        return at + 8, length
    return at, 0


def _unmasked(data: bytes, start: int, length: int) -> bytes:
    words = (length + 3) // 4
    key = int.from_bytes(data[start - 4 : start], "little")
    number = int.from_bytes(data[start : start + length], "little") ^ key * _repeated(words)
    return number.to_bytes(4 * words, "little")[:length]


@lru_cache(1024)
def _repeated(words: int) -> int:
    return int.from_bytes(b"\1\0\0\0" * words, "little")


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Broken(INVALID_TEXT) from None


def _closing(payload: bytes) -> Received:
    if not payload:
        return Received(CLOSE, code=NO_CODE)
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not sendable(code):
        raise Broken(PROTOCOL_ERROR, "The close frame has no valid code.")
    _decoded(payload[2:])
    return Received(CLOSE, code=code)
