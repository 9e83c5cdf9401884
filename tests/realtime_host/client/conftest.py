"""The client under Node.js, the functions over HTTP, and hosts that die and come back.

Where there is no Node.js every test is skipped, with one sentence that says why.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from lib.config import settings
from lib.emulator import ports
from tests import npm
from tests.realtime_host.client import node
from tests.realtime_host.client.node import Node

SKIPPED = pytest.StashKey[str]()


@pytest.fixture(scope="session")
def node_command(request: pytest.FixtureRequest) -> list[str]:
    """How Node.js is started."""
    words = node.command()
    if not words:
        reason = "The client's tests need Node.js 20.10 or later, which is not here."
        request.config.stash[SKIPPED] = reason
        pytest.skip(reason)
    return words


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest) -> Path:
    """The official tools and schemas that the client and the document are held to."""
    try:
        return npm.installed(Path(__file__).parent, "TypeScript and the schema of AsyncAPI")
    except npm.UnavailableError as reason:
        request.config.stash[SKIPPED] = str(reason)
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def api_url(functions: Any) -> Iterator[str]:
    """Where the functions are served."""
    server = make_server(ports.LOOPBACK, 0, functions, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{ports.LOOPBACK}:{server.port}/api/v1"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def revive(
    start_host: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Start a host at the one address that tickets are for, also anew once it has ended."""
    port = ports.pick(1)[0]
    monkeypatch.setenv("REALTIME_URL", f"ws://{ports.LOOPBACK}:{port}")
    settings.cache_clear()
    yield lambda **limits: start_host(port=port, **limits)
    settings.cache_clear()


@pytest.fixture
def room_host(node_command: list[str], revive: Callable[..., Any]) -> Any:
    """The host that tickets are for."""
    return revive()


@pytest.fixture
def join(
    node_command: list[str], api_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Node]]:
    """Bring somebody into a project's room by the client, in a process of its own."""
    started: list[Node] = []

    def enter(person: Any, project_id: str, **options: Any) -> Node:
        process = Node(node_command, tmp_path_factory.mktemp("node"))
        started.append(process)
        process.order("join", api=api_url, project=project_id, token=person.token, **options)
        process.event("state", state="open")
        return process

    yield enter
    for process in started:
        process.stop()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say why nothing was tested, if so."""
    if reason := config.stash.get(SKIPPED, ""):
        terminalreporter.write_line(f"Skipped: {reason}")
