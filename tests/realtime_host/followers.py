"""Clients that go on for good: each keeps its place in the log, and comes back wherever it can."""

from __future__ import annotations

import itertools
import json
import threading
import time
from typing import Any
from uuid import uuid4

import websocket

from tests import protocol

WITHIN = 10.0  # seconds


class Follower(threading.Thread):
    """Somebody who reads, and holds every frame to its number; what is wrong is in `errors`."""

    def __init__(self, person: Any, project_id: str, hosts: list[Any]) -> None:
        super().__init__(daemon=True)
        self._person = person
        self._project_id = project_id
        self._hosts = itertools.cycle(hosts)
        self._over = threading.Event()
        self.epoch = ""
        self.seq = -1  # the last event seen
        self.first = -1
        self.seen: list[dict[str, Any]] = []
        self.resumed = 0
        self.errors: list[BaseException] = []

    def run(self) -> None:
        """Follow, until the test is over."""
        while not self._over.is_set():
            try:
                self._visit(next(self._hosts))
            except (websocket.WebSocketException, OSError):
                time.sleep(0.05)  # nobody there: the next host
            except Exception as error:  # noqa: BLE001 - told by the test, not by the thread
                self.errors.append(error)
                return

    def end(self) -> None:
        """Leave, and wait until it is done; raises what went wrong."""
        self._over.set()
        self.join(2 * WITHIN)
        if self.errors:
            raise self.errors[0]

    def act(self, socket: websocket.WebSocket) -> None:
        """Do what there is to do between two frames."""

    def _visit(self, host: Any) -> None:
        query = f"?epoch={self.epoch}&seq={self.seq}" if self.epoch else ""
        socket = websocket.create_connection(
            host.url(self._project_id) + query,
            timeout=WITHIN,
            header=[f"Authorization: Bearer {self._person.token}"],
            suppress_origin=True,
        )
        try:
            self._welcomed(_frame(socket.recv()))
            socket.settimeout(0.05)
            while not self._over.is_set():
                self.act(socket)
                self.take(socket)
        finally:
            socket.shutdown()

    def _welcomed(self, welcome: dict[str, Any]) -> None:
        log = welcome["data"]["log"]
        if self.epoch:
            assert log == {"epoch": self.epoch, "seq": self.seq, "resumed": True}
            self.resumed += 1
        else:
            assert log["resumed"] is None
            self.epoch, self.seq, self.first = log["epoch"], log["seq"], log["seq"]

    def take(self, socket: websocket.WebSocket) -> dict[str, Any]:
        """Return the next frame, nothing if there is none yet."""
        try:
            text = socket.recv()
        except websocket.WebSocketTimeoutException:
            return {}
        if not text:
            raise websocket.WebSocketConnectionClosedException
        frame = _frame(text)
        if "seq" in frame:
            assert frame["seq"] == self.seq + 1, f"{frame} after {self.seq}"
            self.seq = frame["seq"]
            self.seen.append(frame)
        return frame


class Writer(Follower):
    """Somebody who edits a file all the time, one edit after the other."""

    def __init__(self, person: Any, project_id: str, hosts: list[Any], file_id: str) -> None:
        super().__init__(person, project_id, hosts)
        self._file_id = file_id
        self.acked = 0
        self.quiet = threading.Event()

    def act(self, socket: websocket.WebSocket) -> None:
        """Edit, and wait for the answer; what is lost with the connection is lost."""
        if self.quiet.is_set():
            return
        identity = uuid4().hex
        edit = {"file_id": self._file_id, "base": 0, "delta": [{"insert": "x"}]}
        socket.send(json.dumps({"event": "file-change", "id": identity, "data": edit}))
        deadline = time.monotonic() + WITHIN
        while (frame := self.take(socket)).get("id") != identity:
            assert time.monotonic() < deadline, "no answer"
        assert frame["event"] == "ack", frame
        assert frame["seq"] == self.seq
        self.acked += 1
        time.sleep(0.02)


def _frame(text: str | bytes) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(text)
    protocol.check(frame)
    return frame
