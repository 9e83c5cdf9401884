"""Raw clients of Socket.IO: packets over a WebSocket, without the official client's kindness."""

from __future__ import annotations

import itertools
import json
import re
import time
from typing import Any

import websocket
from websocket import ABNF, WebSocket

WITHIN = 10.0  # seconds

_PACKET = re.compile(r"(4[0-6]|[0-6])(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)


class PacketClient:
    """One connection; packets are `(kind, id, payload)`, read in the order in which they came."""

    def __init__(self, address: str, **options: Any) -> None:
        self.socket: WebSocket = websocket.create_connection(
            address, timeout=WITHIN, **{"suppress_origin": True} | options
        )
        self.unread: list[tuple[str, str, Any]] = []
        self.opening: dict[str, Any] = {}
        self.connected: dict[str, Any] = {}
        self.welcome: dict[str, Any] = {}
        self._ids = itertools.count()

    def open(self) -> PacketClient:
        """Read the packet that opens a connection."""
        kind, _, self.opening = self.read()
        assert kind == "0"
        return self

    def connect(self, **auth: Any) -> PacketClient:
        """Connect to the main namespace, and read the welcome."""
        self.send("40" + json.dumps(auth))
        _, _, self.connected = self.expect("40")
        self.welcome = self.told("welcome")[0]
        return self

    def refused(self, payload: str) -> dict[str, Any]:
        """Connect with a payload, and return what a CONNECT_ERROR says."""
        self.send("40" + payload)
        return self.expect("44")[2]

    def send(self, text: str) -> None:
        """Send a packet as it is."""
        self.socket.send(text)

    def emit(self, event: str, *data: Any) -> None:
        """Send an event without asking for an answer."""
        self.send("42" + json.dumps([event, *data]))

    def ask(self, event: str, *data: Any) -> list[Any]:
        """Send an event, and return the arguments of its acknowledgement."""
        identity = str(next(self._ids))
        self.send(f"42{identity}" + json.dumps([event, *data]))
        return self.expect("43", identity)[2]

    def told(self, event: str, within: float = WITHIN) -> list[Any]:
        """Return the arguments of the next event of that name."""
        return self._find(lambda packet: packet[0] == "42" and packet[2][0] == event, within)[2][1:]

    def heard(self, event: str) -> list[list[Any]]:
        """Return all events of a name that have come until now, which a ping makes certain."""
        assert self.ask("ping") == [{}]
        mine = [p for p in self.unread if p[0] == "42" and p[2][0] == event]
        self.unread = [packet for packet in self.unread if packet not in mine]
        return [packet[2][1:] for packet in mine]

    def expect(self, kind: str, identity: str = "", within: float = WITHIN) -> tuple[str, str, Any]:
        """Return the next packet of a kind; those before it stay unread."""
        return self._find(lambda packet: packet[:2] == (kind, identity), within)

    def closed(self, within: float = WITHIN) -> int:
        """Read to the end, and return the code that the host closed the connection with."""
        self.socket.settimeout(within)
        while True:
            opcode, data = self.socket.recv_data(control_frame=True)
            if opcode == ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2], "big")
            if opcode == ABNF.OPCODE_TEXT:
                self.unread.append(_packet(data.decode()))

    def read(self, within: float = WITHIN) -> tuple[str, str, Any]:
        """Return the next packet, whichever it is; pings are answered."""
        assert within > 0, f"nothing came in time; unread: {self.unread}"
        self.socket.settimeout(within)
        try:
            text = self.socket.recv()
        except websocket.WebSocketTimeoutException:
            raise AssertionError(f"nothing came in time; unread: {self.unread}") from None
        assert text, "the connection was closed"
        if text == "2":
            self.send("3")
        return _packet(text)

    def _find(self, fits: Any, within: float) -> tuple[str, str, Any]:
        for index, packet in enumerate(self.unread):
            if fits(packet):
                return self.unread.pop(index)
        deadline = time.monotonic() + within
        while not fits(packet := self.read(deadline - time.monotonic())):
            self.unread.append(packet)
        return packet


def _packet(text: str) -> tuple[str, str, Any]:
    kind, namespace, identity, payload = _PACKET.fullmatch(text).groups()
    return kind, namespace or identity, json.loads(payload) if payload else None
