"""The two builds, made once for all tests, and what the summary says of them.

Where the tools can't be had, every test is skipped, with one sentence that says why.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import pytest

from lib.emulator.stack import Stack
from tests.vercel import tools
from tests.vercel.build import build
from tests.vercel.output import Function, Output
from tests.vercel.shim import Instance, unpack

FIGURES = pytest.StashKey[list[str]]()


@dataclass(frozen=True)
class Builds:
    """Every route its own function (`many`), and all behind one (`one`), that one with bytecode."""

    many: Output
    one: Output
    tools: tools.Tools
    folder: Path


@pytest.fixture(scope="session")
def builds(request: pytest.FixtureRequest) -> Iterator[Builds]:
    with tempfile.TemporaryDirectory(prefix="vercel-") as name:
        folder = Path(name).resolve()
        try:
            found = tools.find()
            # One after the other: side by side they would share uv's cache and the two cores.
            many = build(found, folder / "many", "vercel.json", bytecode=False)
            one = build(found, folder / "one", "vercel.hobby.json", bytecode=True)
        except tools.UnavailableError as reason:
            request.config.stash.setdefault(FIGURES, []).append(f"Skipped: {reason}")
            pytest.skip(str(reason))
        yield Builds(many, one, found, folder)


@pytest.fixture(scope="session")
def start(builds: Builds, stack: Stack) -> Callable[..., Instance]:
    """Make an instance of a built function, on the stores of this test run."""
    stores = {name: os.environ[name] for name in stack.env}
    one_at_a_time = Lock()

    def make(function: Function, **environment: str) -> Instance:
        with one_at_a_time:
            place = unpack(function, builds.folder)
        return Instance(builds.tools.python, place, function, stores | environment)

    return make


@pytest.fixture(scope="session")
def in_parallel() -> Callable[..., list[Any]]:
    """Call something for each of many, as many at once as there are cores."""

    def run(call: Callable[[Any], Any], each: Any) -> list[Any]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(call, each))

    return run


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Add a line to the summary."""
    return request.config.stash.setdefault(FIGURES, []).append


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the figures, when there are any."""
    for line in config.stash.get(FIGURES, []):
        terminalreporter.write_line(line)
