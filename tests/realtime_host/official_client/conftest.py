"""Official Socket.IO clients as processes of their own, where Node.js and npm can be had."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import official as officials
from tests.official import Line, Official, pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

WITHIN = 10.0  # seconds


class OfficialClient(Official):
    """One process with one client."""

    def __init__(self, folder: Path, url: str, auth: dict[str, Any], options: dict[str, Any]):
        super().__init__(folder, {"url": url, "auth": auth, "options": options})
        self.unread: list[Line] = []
        self._ids = itertools.count(1)

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
        while line := self.line(deadline):
            if line[: len(start)] == list(start):
                return line[len(start) :]
            self.unread.append(line)
        raise AssertionError(f"no {start} came; unread: {self.unread}")


@pytest.fixture(scope="session")
def node_folder(request: pytest.FixtureRequest) -> Path:
    """The folder in which the official client is installed; without it, every test is skipped."""
    return officials.folder(request, Path(__file__).parent, "the official Socket.IO client")


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
