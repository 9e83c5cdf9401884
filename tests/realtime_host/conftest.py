"""Hosts as real processes, and clients that speak to them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen
from typing import Any
from uuid import uuid4

import httpx
import pytest
import websocket
from websocket import ABNF, WebSocket

from lib.emulator import ports, processes
from lib.emulator.stack import Stack
from tests import protocol
from tests.realtime_host.packets import PacketClient

ROOT = Path(__file__).resolve().parents[2]
WITHIN = 10.0  # seconds a client waits for what must come
ALLOWED_ORIGIN = "https://app.example.com"

Frame = dict[str, Any]


@dataclass
class HostProcess:
    """One real-time host, under gunicorn, as it is deployed."""

    process: Popen[bytes]
    port: int
    log: Path

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, project_id: str) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/projects/{project_id}"

    @property
    def socketio(self) -> str:
        return f"ws://127.0.0.1:{self.port}/socket.io/?EIO=4&transport=websocket"

    def stop(self) -> int:
        """Ask it to stop, as an orchestrator would; return its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.process.wait(30)
        processes.kill(self.process)
        return status

    def kill(self) -> None:
        """Kill the whole host at once, the accepting process included."""
        processes.kill(self.process)

    def lines(self) -> list[dict[str, Any]]:
        """Return what it has logged."""
        texts = self.log.read_text().splitlines()
        return [json.loads(text) for text in texts if text.startswith("{")]


@pytest.fixture(scope="session")
def start_host(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., HostProcess]]:
    """Start a host on a free port, or on `port`, where another one was.

    Keyword arguments lower its limits, `env` adds variables.
    """
    started: list[HostProcess] = []

    def start(
        env: dict[str, str] | None = None, port: int | None = None, **limits: float
    ) -> HostProcess:
        folder, port = tmp_path_factory.mktemp("host"), port or ports.pick(1)[0]
        config = folder / "gunicorn.conf.py"
        lines = [f"limits.{name} = {value!r}" for name, value in limits.items()]
        config.write_text(
            "\n".join(
                [
                    "import runpy",
                    f"original = runpy.run_path({str(ROOT / 'realtime_host/gunicorn.conf.py')!r})",
                    "from realtime_host import limits",
                    *lines,
                    "globals().update({k: v for k, v in original.items() if k[0] != '_'})",
                ]
            )
        )
        command = [sys.executable, "-m", "gunicorn", "-c", str(config), "realtime_host.app:app"]
        variables = os.environ | stack.env | {"REALTIME_PORT": str(port), "HOST": "127.0.0.1"}
        variables |= {"CORS_ORIGINS": ALLOWED_ORIGIN, "PYTHONUNBUFFERED": "1"} | (env or {})
        with (folder / "log").open("wb") as log:
            process = processes.spawn(
                processes.launched(command), cwd=ROOT, env=variables, output=log.fileno()
            )
        host = HostProcess(process, port, folder / "log")
        started.append(host)
        _await_health(host)
        return host

    yield start
    for host in started:
        host.stop()


def _await_health(host: HostProcess) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx.get(host.http + "/health").status_code == 200:
                return
        except httpx.TransportError:
            assert host.process.poll() is None, host.log.read_text()
            assert time.monotonic() < deadline, host.log.read_text()
            time.sleep(0.05)


@pytest.fixture(scope="session")
def host(start_host: Callable[..., HostProcess]) -> HostProcess:
    """A host with its real limits, shared by the tests of one worker process."""
    return start_host()


@dataclass
class Client:
    """One WebSocket, whose frames are read in the order in which they came."""

    socket: WebSocket
    welcome: Frame = field(default_factory=dict)
    unread: list[Frame] = field(default_factory=list)

    def send(self, event: str, data: Any = None, **more: Any) -> None:
        """Send one event."""
        self.socket.send(json.dumps({"event": event, "data": {} if data is None else data} | more))

    def ask(self, event: str, data: Any = None) -> Frame:
        """Send one event with an id, and return the ack or the error that answers it."""
        identity = uuid4().hex
        self.send(event, data, id=identity)
        return self.expect("ack", "error", id=identity)

    def expect(self, *events: str, within: float = WITHIN, **members: Any) -> Frame:
        """Return the next frame of one of `events`; those before it stay unread."""

        def fits(frame: Frame) -> bool:
            return frame["event"] in events and members.items() <= frame.items()

        for index, frame in enumerate(self.unread):
            if fits(frame):
                return self.unread.pop(index)
        deadline = time.monotonic() + within
        while True:
            frame = self.read(deadline - time.monotonic())
            if fits(frame):
                return frame
            self.unread.append(frame)

    def read(self, within: float = WITHIN) -> Frame:
        """Return the next frame, whichever it is."""
        assert within > 0, f"nothing came in time; unread: {self.unread}"
        self.socket.settimeout(within)
        try:
            text = self.socket.recv()
        except websocket.WebSocketTimeoutException:
            raise AssertionError(f"nothing came in time; unread: {self.unread}") from None
        assert text, "the connection was closed"
        return _checked(text)

    def heard(self, event: str) -> list[Frame]:
        """Return all frames of an event that have come until now, which a ping makes certain."""
        assert self.ask("ping")["event"] == "ack"
        found = [frame for frame in self.unread if frame["event"] == event]
        self.unread = [frame for frame in self.unread if frame["event"] != event]
        return found

    def closed(self, within: float = WITHIN, *, answering: int | None = None) -> int:
        """Read to the end, and return the code that the host closed the connection with.

        `answering` is the code that the test has closed it with itself.
        """
        self.socket.settimeout(within)
        while True:
            try:
                opcode, data = self.socket.recv_data(control_frame=True)
            except websocket.WebSocketTimeoutException:
                raise AssertionError("the connection was not closed in time") from None
            if opcode == ABNF.OPCODE_CLOSE:
                code = int.from_bytes(data[:2], "big")
                assert code == answering or protocol.is_close(code), code
                return code
            if opcode == ABNF.OPCODE_TEXT:
                self.unread.append(_checked(data))

    def close(self) -> None:
        """Leave."""
        self.socket.close()


def _checked(text: str | bytes) -> Frame:
    frame = json.loads(text)
    protocol.check(frame)
    return frame


Connect = Callable[..., Client]


@pytest.fixture
def connect(host: HostProcess) -> Iterator[Connect]:
    """Connect somebody to a project's room (by default on the shared host), welcome included."""
    clients: list[Client] = []

    def connect_to(
        person: Any, project_id: str, on: HostProcess | None = None, **options: Any
    ) -> Client:
        header = [f"Authorization: Bearer {person.token}"] if person else []
        socket = websocket.create_connection(
            (on or host).url(project_id) + options.pop("query", ""),
            timeout=WITHIN,
            header=options.pop("header", header),
            **{"suppress_origin": True} | options,
        )
        client = Client(socket)
        clients.append(client)
        client.welcome = client.read()
        assert client.welcome["event"] == "welcome"
        return client

    yield connect_to
    for client in clients:
        client.socket.shutdown()


@pytest.fixture
def refusal(host: HostProcess) -> Callable[..., Frame]:
    """Knock with these headers, and return the problem document that answers."""

    def knock(
        project_id: str, query: str = "", on: HostProcess | None = None, **headers: str
    ) -> Frame:
        base = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"{(on or host).http}/ws/projects/{project_id}{query}"
        answer = httpx.get(path, headers=base | given, timeout=WITHIN)
        assert answer.headers["content-type"] == "application/problem+json", answer
        return answer.json()

    return knock


@pytest.fixture
def knock(host: HostProcess) -> Iterator[Callable[..., PacketClient]]:
    """Open a connection of Engine.IO, without saying yet who it is."""
    clients: list[PacketClient] = []

    def open_one(on: HostProcess | None = None, **options: Any) -> PacketClient:
        clients.append(PacketClient((on or host).socketio, **options))
        return clients[-1].open()

    yield open_one
    for client in clients:
        client.socket.shutdown()


@pytest.fixture
def connect_io(knock: Callable[..., PacketClient]) -> Callable[..., PacketClient]:
    """Connect somebody to a project's room as a client of Socket.IO does, welcome included."""

    def connect_to(
        person: Any, project_id: str, on: HostProcess | None = None, **auth: Any
    ) -> PacketClient:
        return knock(on).connect(token=person.token, project_id=project_id, **auth)

    return connect_to
