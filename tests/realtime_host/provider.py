"""A raw Yjs provider: a document of pycrdt behind a WebSocket, without much kindness."""

from __future__ import annotations

import json
import time
from typing import Any

import pycrdt
import websocket
from pycrdt import Doc, Text
from websocket import ABNF

from realtime_host.yjs import wire
from tests import protocol

WITHIN = 10.0  # seconds


class Provider:
    """One editor. What it says is sent at once; what it is told is read on demand."""

    def __init__(self, url: str, **options: Any) -> None:
        self.socket = websocket.create_connection(
            url, timeout=WITHIN, **{"suppress_origin": True} | options
        )
        self.doc: Doc[Any] = Doc()
        self.doc["content"] = self.text = Text()
        self.states: dict[int, Any] = {}
        self.denied: list[str] = []
        self.vectors: list[bytes] = []  # of the host's own first steps
        self.clock = 0
        self._quiet = False
        self._subscription = self.doc.observe(self._changed)

    def open(self) -> Provider:
        """Ask for the document, and wait until it is here."""
        self.say(bytes((0, 0)) + pycrdt.write_message(self.doc.get_state()))
        seen = len(self.vectors)
        self.until(lambda: len(self.vectors) > seen)
        return self

    def say(self, payload: bytes) -> None:
        """Send a message as it is."""
        self.socket.send_binary(payload)

    def update(self, data: bytes, step: int = wire.UPDATE) -> None:
        """Send an update as it is."""
        self.say(bytes((0, step)) + pycrdt.write_message(data))

    def point(self, state: Any, client: int | None = None) -> None:
        """Say where this editor is."""
        self.clock += 1
        told = wire.State(client or self.doc.client_id, self.clock, json.dumps(state).encode())
        self.say(bytes((wire.AWARENESS,)) + pycrdt.write_message(wire.packed([told])))

    def until(self, condition: Any, within: float = WITHIN) -> None:
        """Read until something is true."""
        deadline = time.monotonic() + within
        while not condition():
            left = deadline - time.monotonic()
            assert left > 0, f"it did not come true; the text is {str(self.text)!r}"
            self.socket.settimeout(left)
            try:
                opcode, data = self.socket.recv_data()
            except websocket.WebSocketTimeoutException:
                continue
            assert opcode == ABNF.OPCODE_BINARY, (opcode, data)
            self._heard(data)

    def closed(self, within: float = WITHIN) -> int:
        """Read to the end, and return the code that the host closed with."""
        self.socket.settimeout(within)
        while True:
            opcode, data = self.socket.recv_data(control_frame=True)
            if opcode == ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big")
                assert protocol.is_close(code), code
                return code
            if opcode == ABNF.OPCODE_BINARY:
                self._heard(data)

    def _changed(self, event: Any) -> None:
        if not self._quiet:
            self.update(event.update)

    def _heard(self, data: bytes) -> None:
        if data[0] == wire.SYNC:
            content = pycrdt.read_message(data[2:])
            if data[1] == wire.STEP1:
                self.vectors.append(content)
                self.update(self.doc.get_update(content), wire.STEP2)
            else:
                self._quiet = True
                self.doc.apply_update(content)
                self._quiet = False
        elif data[0] == wire.AWARENESS:
            for state in wire.states(pycrdt.read_message(data[1:])):
                self.states[state.client] = json.loads(state.json)
        else:
            self.denied.append(pycrdt.read_message(data[2:]).decode())
