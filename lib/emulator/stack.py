"""All stores and the Upstash bridge in one folder, for a test suite or a benchmark."""

import secrets
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lib.emulator import ports as free_ports
from lib.emulator.ports import LOOPBACK
from lib.emulator.stores.mongo import MongoServer
from lib.emulator.stores.postgres import PostgresServer
from lib.emulator.stores.redis import RedisServer
from lib.emulator.stores.server import Server, StoreError, child_environment

ROOT = Path(__file__).resolve().parents[2]
START_ATTEMPTS = 3


class Stack:
    """Postgres, Redis, MongoDB and the Upstash bridge, fast rather than durable.

    `ports` are four, in that order; without them free ones are picked. The servers are there to be
    stopped, killed and started again.
    """

    def __init__(self, directory: Path, ports: list[int] | None = None) -> None:
        self.directory = Path(directory)
        self._fixed_ports = ports
        self._secrets = {name: secrets.token_urlsafe(48) for name in ("jwt", "cron", "upstash")}
        self._build(ports or free_ports.pick(4))

    def start(self) -> "Stack":
        """Start everything and return when all of it answers.

        Raises StoreError when it does not come up.
        """
        for attempt in range(1, START_ATTEMPTS + 1):
            try:
                with ThreadPoolExecutor() as pool:
                    list(pool.map(Server.start, self._servers()))
                break
            except StoreError:  # most likely someone else took a port in the meantime
                self.stop()
                if self._fixed_ports or attempt == START_ATTEMPTS:
                    raise
                self._build(free_ports.pick(4))
        return self

    def stop(self) -> None:
        """Stop everything; the data stays."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(Server.stop, self._servers()))

    def __enter__(self) -> "Stack":
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def env(self) -> dict[str, str]:
        """The variables for a process of this project, for this stack."""
        return {
            "APP_ENV": "test",
            "DATABASE_URL": self.postgres.url,
            "DATABASE_POOLED": "off",
            "REDIS_URL": self.redis.url,
            "UPSTASH_REDIS_REST_URL": self.upstash.url,
            "UPSTASH_REDIS_REST_TOKEN": self.upstash.token,
            "MONGO_URI": self.mongo.url,
            "MONGO_DB": "collab_logs",
            "JWT_SECRET": self._secrets["jwt"],
            "JWT_EXPIRES_IN": "15m",
            "CRON_SECRET": self._secrets["cron"],
        }

    def _build(self, numbers: list[int]) -> None:
        postgres, redis, mongo, upstash = numbers
        self.postgres = PostgresServer(self.directory / "postgres", postgres, fast=True)
        self.redis = RedisServer(self.directory / "redis", redis, fast=True)
        self.mongo = MongoServer(self.directory / "mongo", mongo, fast=True)
        folder, token = self.directory / "upstash", self._secrets["upstash"]
        self.upstash = UpstashServer(folder, upstash, self.redis, token)

    def _servers(self) -> tuple[Server, ...]:
        return self.postgres, self.redis, self.mongo, self.upstash


class UpstashServer(Server):
    """The bridge to one Redis, as a server like the stores; it starts without its Redis."""

    name = "Upstash"
    stop_signal = signal.SIGINT  # at once: a graceful stop waits for idle connections

    def __init__(self, directory: Path, port: int, redis: RedisServer, token: str) -> None:
        super().__init__(directory, port)
        self.token = token
        self._redis = redis

    @property
    def url(self) -> str:
        """The address for UPSTASH_REDIS_REST_URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def _argv(self) -> list[str]:
        return [sys.executable, "-m", "lib.emulator", "upstash"]

    def _cwd(self) -> Path:
        return ROOT

    def _environment(self) -> dict[str, str]:
        return child_environment() | {
            "UPSTASH_PORT": str(self.port),
            "UPSTASH_REDIS_REST_TOKEN": self.token,
            "REDIS_URL": self._redis.url,
        }

    def _answers(self) -> bool:
        import httpx

        headers = {"Authorization": f"Bearer {self.token}"}
        # Any answer will do: with Redis down, the bridge is up all the same and says so.
        return httpx.post(self.url, json=["PING"], headers=headers, timeout=2).status_code != 401
