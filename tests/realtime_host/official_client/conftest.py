"""Official clients as processes of their own, where Node.js and npm can be had."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests import npm

HERE = Path(__file__).parent
WITHIN = 10.0  # seconds
SKIPPED = pytest.StashKey[str]()

Line = list[Any]


class OfficialClient:
    """One process with one client, whose lines are read in the order in which they came."""

    def __init__(self, folder: Path, url: str, auth: dict[str, Any], options: dict[str, Any]):
        said = json.dumps({"url": url, "auth": auth, "options": options})
        self._process = subprocess.Popen(
            ["node", "client.mjs", said],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.unread: list[Line] = []
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self._ids = itertools.count(1)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def do(self, **command: Any) -> None:
        """Have the client do something."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def ask(self, event: str, data: Any = None, *, promise: bool = False) -> list[Any]:
        """Emit an event, and return what its callback (or promise) was given."""
        identity = next(self._ids)
        self.do(emit=event, data={} if data is None else data, identity=identity, promise=promise)
        return self.expect("ack", identity)[0]

    def told(self, event: str, within: float = WITHIN) -> tuple[Any, int | None]:
        """Return the data and the number of the next event of that name."""
        data, seq = self.expect("event", event, within=within)
        return data, seq

    def heard(self, event: str) -> list[Line]:
        """Return all events of a name that have come until now, which a ping makes certain."""
        assert self.ask("ping") == [{}]
        mine = [line for line in self.unread if line[:2] == ["event", event]]
        self.unread = [line for line in self.unread if line not in mine]
        return [line[2:] for line in mine]

    def expect(self, *start: Any, within: float = WITHIN) -> Line:
        """Return the rest of the next line that starts so; those before it stay unread."""
        for index, line in enumerate(self.unread):
            if line[: len(start)] == list(start):
                return self.unread.pop(index)[len(start) :]
        deadline = time.monotonic() + within
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no {start} came; unread: {self.unread}") from None
            if line[: len(start)] == list(start):
                return line[len(start) :]
            self.unread.append(line)

    def end(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(WITHIN)
        self._reader.join(WITHIN)
        self._process.stdout.close()

    def _read(self) -> None:
        for text in self._process.stdout:
            self._lines.put(json.loads(text))


@pytest.fixture(scope="session")
def node_folder(request: pytest.FixtureRequest) -> Path:
    """The folder in which the official client is installed; without it, every test is skipped."""
    try:
        folder = npm.installed(HERE, "the official Socket.IO client").parent
    except npm.UnavailableError as reason:
        request.config.stash[SKIPPED] = str(reason)
        pytest.skip(str(reason))
    shutil.copy(HERE / "client.mjs", folder)
    return folder


@pytest.fixture
def official(node_folder: Path) -> Iterator[Callable[..., OfficialClient]]:
    """Start an official client for somebody, with what is to be in its `auth`."""
    clients: list[OfficialClient] = []

    def start(on: Any, project_id: str, options: Any = None, **auth: Any) -> OfficialClient:
        given = {"project_id": project_id} | auth
        clients.append(OfficialClient(node_folder, on.http, given, options or {}))
        return clients[-1]

    yield start
    for client in clients:
        client.end()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why nothing was tried, if so."""
    if reason := config.stash.get(SKIPPED, None):
        terminalreporter.write_line(f"Skipped: {reason}")
