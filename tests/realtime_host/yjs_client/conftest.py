"""Official Yjs providers as processes of their own, where Node.js and npm can be had."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import official
from tests.official import Line, Official, pytest_terminal_summary

__all__ = ["pytest_terminal_summary"]

WITHIN = 15.0  # seconds


class OfficialProvider(Official):
    """One process with one provider; `last` is the latest that it has told of each kind."""

    def __init__(self, folder: Path, port: int, file_id: str, **options: Any) -> None:
        super().__init__(folder, {"url": f"ws://127.0.0.1:{port}/yjs", "file": file_id} | options)
        self.last: dict[str, Any] = {}
        self.lines: list[Line] = []
        self.until("client")
        self.id = str(self.last["client"])

    def until(self, kind: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """Wait until the latest line of a kind fits, and return what it tells."""
        deadline = time.monotonic() + WITHIN
        while kind not in self.last or not fits(self.last[kind]):
            line = self.line(deadline)
            assert line, f"no such {kind}; it told {self.lines[-8:]}"
            self.lines.append(line)
            self.last[line[0]] = line[1]
        return self.last[kind]

    def has(self, text: str) -> None:
        """Wait until this is its text."""
        self.until("text", lambda last: last == text)


@pytest.fixture(scope="session")
def provider_folder(request: pytest.FixtureRequest) -> Path:
    """The folder in which the official provider is installed; without it, all are skipped."""
    return official.folder(request, Path(__file__).parent, "the official Yjs provider")


@pytest.fixture
def provider(provider_folder: Path) -> Iterator[Callable[..., OfficialProvider]]:
    """Start a provider for somebody, with their token as subprotocol or with `params`."""
    providers: list[OfficialProvider] = []

    def start(on: Any, person: Any, file_id: str, **options: Any) -> OfficialProvider:
        if person:
            options["protocols"] = ["bearer", person.token]
        providers.append(OfficialProvider(provider_folder, on.port, file_id, **options))
        return providers[-1]

    yield start
    for each in providers:
        each.end()
