"""A crowd of clients in a process of its own, which all come at once: `python -m ...crowd`.

It takes one JSON text a line on its standard input, and answers each with one: `come` to a port,
`leave` at once and without a word, and `look` at what each member has been told.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

HANDSHAKE = (
    "GET /ws/projects/{room}{query} HTTP/1.1\r\nHost: host\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
)

NOTED = tuple(b'{"event":"%b' % name for name in (b"welcome", b"member-updated"))


@dataclass
class Member:
    """One client: where it stands in its room's log, and the numbers it was told this time."""

    room: str
    token: str
    epoch: str = ""
    seq: int = -1
    told: list[int] = field(default_factory=list)
    resumed: bool | None = None
    took: float = 0.0  # seconds until the welcome
    people: int = 0
    failures: list[str] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        return {
            name: getattr(self, name)
            for name in ("room", "told", "resumed", "took", "people", "failures")
        }


class Visit(asyncio.Protocol):
    """One connection of a member."""

    def __init__(self, member: Member, began: float) -> None:
        self.member = member
        self.transport: Any = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.welcomed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._began = began
        self._data = b""
        self._open = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        member = self.member
        query = f"?epoch={member.epoch}&seq={member.seq}" if member.epoch else ""
        head = HANDSHAKE.format(room=member.room, query=query, token=member.token)
        transport.write(head.encode())

    def connection_lost(self, error: Exception | None) -> None:
        if not self.welcomed.done():
            self.member.failures.append(f"closed: {error or self._data[:12]!r}")
            self.welcomed.set_result(False)
        self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        data = self._data + data
        if not self._open:
            head, found, rest = data.partition(b"\r\n\r\n")
            if found and b" 101 " not in head:
                self.transport.abort()
            if not found or b" 101 " not in head:
                self._data = data
                return
            self._open, data = True, rest
        self._data = self._frames(data)

    def _frames(self, data: bytes) -> bytes:
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length > 125:
                extra = 2 if length == 126 else 8
                start += extra
                length = int.from_bytes(data[at + 2 : start], "big")
            if start + length > end or start > end:
                break
            if data[at] == 0x89:
                self.transport.write(b"\x8a\x80\0\0\0\0")
            elif data[at] == 0x81 and data[start : start + 40].startswith(NOTED):
                self._heard(json.loads(data[start : start + length]))
            at = start + length
        return data[at:]

    def _heard(self, frame: dict[str, Any]) -> None:
        member = self.member
        if "seq" in frame:
            member.seq = frame["seq"]
            member.told.append(frame["seq"])
        elif frame["event"] == "welcome":
            log = frame["data"]["log"]
            member.epoch, member.seq = log["epoch"], log["seq"]
            member.resumed, member.took = log["resumed"], monotonic() - self._began
            member.people = len(frame["data"]["people"])
            self.welcomed.set_result(True)


class Crowd:
    """All of them."""

    def __init__(self, members: list[Member]) -> None:
        self._members = members
        self._visits: list[Visit] = []

    async def come(self, port: int) -> None:
        """Connect everybody at once; who is refused tries again after a while, as clients do."""
        for member in self._members:
            member.told, member.failures, member.resumed = [], [], None
        began = monotonic()
        self._visits = await asyncio.gather(*(self._come(m, port, began) for m in self._members))

    async def _come(self, member: Member, port: int, began: float) -> Visit:
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, visit = await loop.create_connection(
                    lambda: Visit(member, began), "127.0.0.1", port
                )
                if await visit.welcomed:
                    return visit
            except OSError as error:
                member.failures.append(str(error))
            await asyncio.sleep(0.2)

    async def leave(self) -> None:
        """Cut every connection."""
        for visit in self._visits:
            visit.transport.abort()
        await asyncio.gather(*(visit.ended for visit in self._visits))

    def look(self) -> list[dict[str, Any]]:
        """Return what each has been told since it came."""
        return [member.shown() for member in self._members]


async def main() -> None:
    """Do what the standard input says, until it ends."""
    reader, loop = asyncio.StreamReader(limit=64 * 1024 * 1024), asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    crowd = Crowd([])
    while line := await reader.readline():
        command = json.loads(line)
        answer: Any = None
        if command["do"] == "gather":
            crowd = Crowd([Member(*each) for each in command["members"]])
        elif command["do"] == "come":
            await crowd.come(command["port"])
        elif command["do"] == "leave":
            await crowd.leave()
        else:
            answer = crowd.look()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main())
