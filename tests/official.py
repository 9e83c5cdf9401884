"""Official clients from npm as processes of their own, each with one `client.mjs` beside its tests.

It is started with what it is to do, as JSON, is told more on its standard input, and tells what
happens on its standard output: a line of JSON each.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import pytest

from tests import npm

PROGRAM = "client.mjs"
WITHIN = 15.0  # seconds that a process has to end
SKIPPED = pytest.StashKey[str]()

Line = list[Any]


class Official:
    """One process, whose lines are read in the order in which they came."""

    def __init__(self, folder: Path, said: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            ["node", PROGRAM, json.dumps(said)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def do(self, **command: Any) -> None:
        """Have it do something."""
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def line(self, deadline: float) -> Line | None:
        """Return the next line, if one comes before then, by time.monotonic()."""
        try:
            return self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            return None

    def end(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait(WITHIN)
        self._reader.join(WITHIN)
        self._process.stdout.close()

    def _read(self) -> None:
        for text in self._process.stdout:
            self._lines.put(json.loads(text))


def folder(request: pytest.FixtureRequest, manifest: Path, what: str) -> Path:
    """Return where `what` is installed, with its program; where it can't be, all is skipped."""
    try:
        found = npm.installed(manifest, what).parent
    except npm.UnavailableError as reason:
        request.config.stash[SKIPPED] = str(reason)
        pytest.skip(str(reason))
    shutil.copy(manifest / PROGRAM, found)
    return found


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why nothing was tried, if so; a conftest imports this."""
    if reason := config.stash.get(SKIPPED, None):
        terminalreporter.write_line(f"Skipped: {reason}")
