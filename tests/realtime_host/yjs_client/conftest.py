"""Official Yjs providers as processes of their own, where Node.js and npm can be had."""

from __future__ import annotations

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
WITHIN = 15.0  # seconds
SKIPPED = pytest.StashKey[str]()


class OfficialProvider:
    """One process with one provider; `last` is the latest that it has told of each kind."""

    def __init__(self, folder: Path, port: int, file_id: str, **options: Any) -> None:
        said = json.dumps({"url": f"ws://127.0.0.1:{port}/yjs", "file": file_id} | options)
        self._process = subprocess.Popen(
            ["node", "client.mjs", said],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.last: dict[str, Any] = {}
        self.lines: list[list[Any]] = []
        self._lines: SimpleQueue[list[Any]] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.until("client")
        self.id = str(self.last["client"])

    def do(self, **command: Any) -> None:
        """Have the provider, or its document, do something."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def until(self, kind: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """Wait until the latest line of a kind fits, and return what it tells."""
        deadline = time.monotonic() + WITHIN
        while kind not in self.last or not fits(self.last[kind]):
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no such {kind}; it told {self.lines[-8:]}") from None
            self.lines.append(line)
            self.last[line[0]] = line[1]
        return self.last[kind]

    def has(self, text: str) -> None:
        """Wait until this is its text."""
        self.until("text", lambda last: last == text)

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
def provider_folder(request: pytest.FixtureRequest) -> Path:
    """The folder in which the official provider is installed; without it, all are skipped."""
    try:
        folder = npm.installed(HERE, "the official Yjs provider").parent
    except npm.UnavailableError as reason:
        request.config.stash[SKIPPED] = str(reason)
        pytest.skip(str(reason))
    shutil.copy(HERE / "client.mjs", folder)
    return folder


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


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why nothing was tried, if so."""
    if reason := config.stash.get(SKIPPED, None):
        terminalreporter.write_line(f"Skipped: {reason}")
