"""Which of the stores answer right now."""

from collections.abc import Callable

from lib.config import ConfigError
from lib.errors import Unavailable
from lib.stores import mongo, postgres, redis


def check() -> dict[str, bool]:
    """Ask each store something trivial; return whether it answered, by name."""
    return {"postgres": _ok(_postgres), "redis": _ok(_redis), "mongo": _ok(_mongo)}


def _ok(probe: Callable[[], None]) -> bool:
    try:
        probe()
    except (Unavailable, ConfigError):
        return False
    return True


def _postgres() -> None:
    with postgres.connection() as conn:
        conn.execute("SELECT 1")


def _redis() -> None:
    redis.execute("PING")


def _mongo() -> None:
    with mongo.database() as database:
        database.command("ping")
