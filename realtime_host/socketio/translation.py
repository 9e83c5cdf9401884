"""From our frames to packets: what is told to many is translated once, however many read it."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from realtime_host import frames, limits
from realtime_host.close_codes import NO_ACCESS, REASONS, SESSION_OVER
from realtime_host.socketio import packets

FINAL = (SESSION_OVER, NO_ACCESS)  # after these, the official client must not come back by itself
DATA = b',"data":'  # before the last member of each frame of ours; no quoted text contains it


class _Told:
    """Owned by the hub thread. A room's members are told one and the same object, one by one."""

    def __init__(self) -> None:
        self._frames = self._packets = b""

    def translated(self, data: bytes) -> bytes:
        """Return the packets for whole frames."""
        if data is not self._frames:
            self._packets = b"".join(map(packets_of, split(data)))
            self._frames = data
        return self._packets


translated = _Told().translated


@lru_cache(limits.TRANSLATIONS)
def packets_of(frame: bytes) -> bytes:
    """Return the packets, as WebSocket frames, that say what one frame of ours says."""
    kind, payload = frame[0], frame[_head(frame, 0) :]
    if kind == frames.TEXT:
        return b"".join(map(frames.whole, _told_as(payload)))
    if kind == frames.PING:
        return frames.whole(packets.ENGINE_PING.encode())
    if kind == frames.CLOSE:
        return b"".join(map(frames.whole, _farewell(payload))) + frame
    return frame


def split(data: bytes) -> Iterator[bytes]:
    """Yield the frames of the host, one by one, of which `data` consists."""
    at = 0
    while at < len(data):
        end = at + _head(data, at) + _length(data, at)
        yield data[at:end]
        at = end


def _told_as(payload: bytes) -> Iterator[bytes]:
    head, _, data = payload[:-1].partition(DATA)
    told: dict[str, Any] = json.loads(head + b"}")
    event: str = told["event"]
    identity: Any = told.get("id")
    values = data + b",%d" % told["seq"] if "seq" in told else data
    if event == "ack":
        yield b"43%d[%b]" % (identity, values)
    elif event == "error" and isinstance(identity, int):
        yield b'43%d[{"error":%b}]' % (identity, data)
    elif event == "error" and identity:
        yield packets.connect_error(json.loads(data), identity).encode()
    else:
        if event == "welcome":  # the ping sets the client's clock to ours
            yield packets.ENGINE_PING.encode()
            yield b'40{"sid":"%b"}' % json.loads(data)["connection_id"].encode()
        yield b'42["%b",%b]' % (event.encode(), values)


def _farewell(payload: bytes) -> Iterator[bytes]:
    code = int.from_bytes(payload[:2], "big")
    if code in REASONS:
        why = {"code": code, "reason": payload[2:].decode(errors="replace")}
        yield b'42["closing",%b]' % json.dumps(why).encode()
    if code in FINAL:
        yield packets.DISCONNECT.encode()


def _head(data: bytes, at: int) -> int:
    return {126: 4, 127: 10}.get(data[at + 1], 2)


def _length(data: bytes, at: int) -> int:
    short = data[at + 1]
    if short == 126:
        return int(struct.unpack_from("!H", data, at + 2)[0])
    return int(struct.unpack_from("!Q", data, at + 2)[0]) if short == 127 else short
