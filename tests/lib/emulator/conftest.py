"""What the emulator's own tests need: a deadline to wait on, and one Redis with its bridge."""

import time
from collections.abc import Callable, Iterator

import pytest

from lib.emulator import ports
from lib.emulator.stack import UpstashServer
from lib.emulator.stores.redis import RedisServer


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """Wait for a condition, at most so many seconds, and fail with its name otherwise."""

    def wait(condition: Callable[[], object], seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s: {condition}"
            time.sleep(0.02)

    return wait


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"), ports.pick(1)[0], fast=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def bridge(
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UpstashServer]:
    folder = tmp_path_factory.mktemp("upstash")
    server = UpstashServer(folder, ports.pick(1)[0], redis_server, "a-token-for-tests")
    server.start()
    yield server
    server.stop()
