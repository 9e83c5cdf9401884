"""Which of the stores answer right now."""

from collections.abc import Callable
from typing import Any

from lib.config import ConfigError
from lib.errors import Unavailable
from lib.stores import mongo, postgres, redis


def check(*names: str) -> dict[str, bool]:
    """Ask the named stores, or all, something trivial; return whether each answered, by name."""
    return {name: _ok(_PROBES[name]) for name in names or _PROBES}


def require(name: str) -> dict[str, Any]:
    """Return which stores answer, as `status` and `stores`.

    Raises Unavailable, with `stores` in the problem, when the one named does not.
    """
    stores = check()
    if not stores[name]:
        raise Unavailable(stores=stores)
    return {"status": "ok", "stores": stores}


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


_PROBES = {"postgres": _postgres, "redis": _redis, "mongo": _mongo}
