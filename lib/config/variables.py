"""How variables of the environment are read: each sort, with what to set where one can't be used.

Every function takes the environment; all raise ConfigError, naming the variable.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    Networks = tuple[IPv4Network | IPv6Network, ...]

MIN_SECRET_BYTES = 32  # RFC 7518, section 3.2: an HS256 key is at least as long as the hash
LOCAL_ONLY = "local-only"  # how the secrets begin that docker-compose.yml comes with
_TEXT = r"(?:[^\s@/?#%]|%[0-9A-Fa-f]{2})*"
_POSTGRES = re.compile(
    rf"postgres(ql)?://({_TEXT}@)?{_TEXT}(/{_TEXT})?(\?(?:[^\s#%]|%[0-9A-Fa-f]{{2}})*)?"
)
_PG_CREDENTIALS = (("PG_USER", "postgres"), ("PG_PASSWORD", ""))
DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds


class ConfigError(Exception):
    """A variable is missing or unusable; the message names it and says what to set."""


def app_env(env: Mapping[str, str]) -> str:
    """Return where this runs: `production` unless told otherwise."""
    return env.get("APP_ENV") or "production"


def cron_secret(env: Mapping[str, str]) -> str:
    """Return what the crons authenticate with, or nothing."""
    return secret(env, "CRON_SECRET") if env.get("CRON_SECRET") else ""


def address(env: Mapping[str, str], name: str) -> str:
    """Return the address of a Postgres; empty when it is not set."""
    # libpq repeats what it can't read, password included, and its errors are logged.
    value = env.get(name, "")
    if value and not _POSTGRES.fullmatch(value):
        raise ConfigError(
            f"{name} must be like postgresql://user:password@host:5432/database, with reserved "
            "characters in user and password percent-encoded."
        )
    return value


def postgres_url(env: Mapping[str, str]) -> str:
    """Return the address of Postgres that host, port, name and credentials make."""
    host = env.get("PG_HOST")
    if not host:
        raise ConfigError("DATABASE_URL is not set: give the address of Postgres (or set PG_HOST).")
    user, password = (quote(env.get(n, d), safe="") for n, d in _PG_CREDENTIALS)
    port, name = env.get("PG_PORT") or "5432", env.get("PG_DATABASE") or "collab_workspace"
    return f"postgresql://{user}:{password}@{host}:{port}/{name}"


def redis_url(env: Mapping[str, str]) -> str:
    """Return the address of Redis that host and port make; empty without a host."""
    host = env.get("REDIS_HOST")
    return f"redis://{host}:{env.get('REDIS_PORT') or '6379'}/0" if host else ""


def secret(env: Mapping[str, str], name: str) -> str:
    """Return a secret that is long enough, and that not everybody knows."""
    value = env.get(name, "")
    if value.startswith(LOCAL_ONLY) and app_env(env) == "production":
        raise ConfigError(f"{name} is one that everybody knows; production needs its own.")
    if len(value.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(
            f"{name} must be set and be at least {MIN_SECRET_BYTES} bytes long: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))' prints a good one."
        )
    return value


def previous_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return older secrets that are accepted still."""
    secrets = words(env, "JWT_PREVIOUS_SECRETS")
    if any(len(each.encode()) < MIN_SECRET_BYTES for each in secrets):
        raise ConfigError(
            f"Each of JWT_PREVIOUS_SECRETS must be at least {MIN_SECRET_BYTES} bytes long; "
            "they are separated by commas."
        )
    return secrets


def words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return what stands between commas."""
    return tuple(word.strip() for word in env.get(name, "").split(",") if word.strip())


def networks(env: Mapping[str, str], name: str) -> Networks:
    """Return networks, separated by commas."""
    if given := words(env, name):
        from ipaddress import ip_network  # seldom needed: it takes 3 ms

        try:
            return tuple(map(ip_network, given))
        except ValueError:
            raise ConfigError(
                f"{name} must be networks such as 127.0.0.0/8,::1/128, separated by commas."
            ) from None
    return ()


def proxies(env: Mapping[str, str]) -> int | Networks:
    """Return how many proxies stand in front, or their networks."""
    text = env.get("TRUSTED_PROXIES") or "0"
    if text.isdecimal():
        return int(text)
    from ipaddress import ip_network  # few processes need it, and functions start without it

    try:
        return tuple(map(ip_network, words(env, "TRUSTED_PROXIES")))
    except ValueError:
        raise ConfigError(
            "TRUSTED_PROXIES must be how many proxies stand in front, or where they are: addresses "
            f"and networks such as 10.0.0.0/8, separated by commas, not {text!r}."
        ) from None


def integer(env: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number."""
    try:
        return int(env.get(name) or default)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {env[name]!r}.") from None


def count(env: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number from 1 on."""
    if (number := integer(env, name, default)) < 1:
        raise ConfigError(f"{name} must be at least 1, not {number}.")
    return number


def switch(env: Mapping[str, str], name: str, words: tuple[str, str]) -> bool:
    """Return whether the first of two words is set, which is the default."""
    value = env.get(name) or words[0]
    if value not in words:
        raise ConfigError(f"{name} must be {words[0]} or {words[1]}, not {value!r}.")
    return value == words[0]


def duration(env: Mapping[str, str], name: str, default: str) -> int:
    """Return a duration such as 15m, in seconds."""
    value = env.get(name) or default
    number, unit = value[:-1], value[-1]
    if unit not in DURATION_UNITS or not number.isdecimal() or int(number) == 0:
        raise ConfigError(f"{name} must be a duration such as 15m, 12h or 30d, not {value!r}.")
    return int(number) * DURATION_UNITS[unit]
