"""The settings of one process: a frozen object, read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
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
WEBHOOK_TIMEOUT = 15  # seconds, unless told otherwise: what the reference tells receivers
DURATION_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}  # seconds


class ConfigError(Exception):
    """A variable is missing or unusable; the message names it and says what to set."""


class Settings(NamedTuple):
    """Everything that a process may be told from outside; durations are in seconds."""

    app_env: str
    log_level: str
    database_url: str
    database_direct_url: str
    database_pooled: bool
    redis_url: str
    upstash_url: str
    upstash_token: str
    mongo_uri: str
    mongo_db: str
    jwt_secret: str
    jwt_previous_secrets: tuple[str, ...]
    jwt_expires_in: int
    refresh_expires_in: int
    cron_secret: str
    cors_origins: tuple[str, ...]
    app_name: str
    app_url: str
    smtp_url: str
    mail_from: str
    realtime_url: str
    realtime_port: int
    realtime_frame_bytes: int
    realtime_update_bytes: int
    realtime_messages_per_second: int
    realtime_burst: int
    realtime_queue_bytes: int
    realtime_connections_per_person: int
    realtime_connections_per_room: int
    realtime_connections_per_address: int
    realtime_ping_every: int
    realtime_pong_within: int
    realtime_replay_events: int
    worker_port: int
    worker_concurrency: int
    worker_handlers: tuple[str, ...]
    worker_drain: int
    worker_memory_limit: int
    job_lease: int
    job_retry_delay: int
    job_lost_after: int
    job_cancel_grace: int
    jobs_per_workspace: int
    jobs_per_minute: int
    job_retention_days: int
    audit_retention_days: int
    webhook_timeout: int
    webhook_allow_private: Networks
    rate_limits: bool
    email_verification_required: bool
    trusted_proxies: int | Networks
    host: str


@cache
def settings() -> Settings:
    """Return this process's settings, read from the environment on the first call.

    Raises ConfigError when a variable is missing or malformed.
    """
    return load(os.environ)


def load(env: Mapping[str, str]) -> Settings:
    """Build Settings from a mapping of variables; see .env.example for each of them.

    Raises ConfigError, naming the variable, when one is missing or malformed.
    """
    database_url = _address(env, "DATABASE_URL") or _postgres_url(env)
    return Settings(
        app_env=_app_env(env),
        log_level=(env.get("LOG_LEVEL") or "INFO").upper(),
        database_url=database_url,
        database_direct_url=_address(env, "DATABASE_DIRECT_URL") or database_url,
        database_pooled=_switch(env, "DATABASE_POOLED", ("on", "off")),
        redis_url=env.get("REDIS_URL") or _redis_url(env),
        upstash_url=env.get("UPSTASH_REDIS_REST_URL", ""),
        upstash_token=env.get("UPSTASH_REDIS_REST_TOKEN", ""),
        mongo_uri=env.get("MONGO_URI", ""),
        mongo_db=env.get("MONGO_DB") or "collab_logs",
        jwt_secret=_secret(env, "JWT_SECRET"),
        jwt_previous_secrets=_previous_secrets(env),
        jwt_expires_in=_duration(env, "JWT_EXPIRES_IN", "15m"),
        refresh_expires_in=_duration(env, "REFRESH_EXPIRES_IN", "30d"),
        cron_secret=_cron_secret(env),
        cors_origins=_words(env, "CORS_ORIGINS"),
        app_name=env.get("APP_NAME") or "Collab",
        app_url=env.get("APP_URL", "").rstrip("/"),
        smtp_url=env.get("SMTP_URL", ""),
        mail_from=env.get("MAIL_FROM", ""),
        realtime_url=env.get("REALTIME_URL") or "ws://127.0.0.1:5001",
        realtime_port=_integer(env, "REALTIME_PORT", 5001),
        realtime_frame_bytes=_count(env, "REALTIME_FRAME_BYTES", 64 * 1024),
        realtime_update_bytes=_count(env, "REALTIME_UPDATE_BYTES", 1024 * 1024),
        realtime_messages_per_second=_count(env, "REALTIME_MESSAGES_PER_SECOND", 50),
        realtime_burst=_count(env, "REALTIME_BURST", 100),
        realtime_queue_bytes=_count(env, "REALTIME_QUEUE_BYTES", 1024 * 1024),
        realtime_connections_per_person=_count(env, "REALTIME_CONNECTIONS_PER_PERSON", 20),
        realtime_connections_per_room=_count(env, "REALTIME_CONNECTIONS_PER_ROOM", 1_000),
        realtime_connections_per_address=_count(env, "REALTIME_CONNECTIONS_PER_ADDRESS", 1_000),
        realtime_ping_every=_duration(env, "REALTIME_PING_EVERY", "25s"),
        realtime_pong_within=_duration(env, "REALTIME_PONG_WITHIN", "8s"),
        realtime_replay_events=_count(env, "REALTIME_REPLAY_EVENTS", 1_000),
        worker_port=_integer(env, "WORKER_PORT", 5006),
        worker_concurrency=_integer(env, "WORKER_CONCURRENCY", 4),
        worker_handlers=_words(env, "WORKER_HANDLERS") or ("worker.handlers",),
        worker_drain=_duration(env, "WORKER_DRAIN", "25s"),
        worker_memory_limit=_count(env, "WORKER_MEMORY_LIMIT", 512),
        job_lease=_duration(env, "JOB_LEASE", "30s"),
        job_retry_delay=_duration(env, "JOB_RETRY_DELAY", "20s"),
        job_lost_after=_duration(env, "JOB_LOST_AFTER", "10s"),
        job_cancel_grace=_duration(env, "JOB_CANCEL_GRACE", "5s"),
        jobs_per_workspace=_count(env, "JOBS_PER_WORKSPACE", 10_000),
        jobs_per_minute=_count(env, "JOBS_PER_MINUTE", 6_000),
        job_retention_days=_count(env, "JOB_RETENTION_DAYS", 90),
        audit_retention_days=_integer(env, "AUDIT_RETENTION_DAYS", 365),
        webhook_timeout=_duration(env, "WEBHOOK_TIMEOUT", f"{WEBHOOK_TIMEOUT}s"),
        webhook_allow_private=_networks(env, "WEBHOOK_ALLOW_PRIVATE"),
        rate_limits=_switch(env, "RATE_LIMITS", ("on", "off")),
        email_verification_required=not _switch(
            env, "EMAIL_VERIFICATION", ("optional", "required")
        ),
        trusted_proxies=_proxies(env),
        host=env.get("HOST") or "127.0.0.1",
    )


def _app_env(env: Mapping[str, str]) -> str:
    return env.get("APP_ENV") or "production"


def _cron_secret(env: Mapping[str, str]) -> str:
    return _secret(env, "CRON_SECRET") if env.get("CRON_SECRET") else ""


def _address(env: Mapping[str, str], name: str) -> str:
    # libpq repeats what it can't read, password included, and its errors are logged.
    value = env.get(name, "")
    if value and not _POSTGRES.fullmatch(value):
        raise ConfigError(
            f"{name} must be like postgresql://user:password@host:5432/database, with reserved "
            "characters in user and password percent-encoded."
        )
    return value


def _postgres_url(env: Mapping[str, str]) -> str:
    host = env.get("PG_HOST")
    if not host:
        raise ConfigError("DATABASE_URL is not set: give the address of Postgres (or set PG_HOST).")
    user, password = (quote(env.get(n, d), safe="") for n, d in _PG_CREDENTIALS)
    port, name = env.get("PG_PORT") or "5432", env.get("PG_DATABASE") or "collab_workspace"
    return f"postgresql://{user}:{password}@{host}:{port}/{name}"


_PG_CREDENTIALS = (("PG_USER", "postgres"), ("PG_PASSWORD", ""))


def _redis_url(env: Mapping[str, str]) -> str:
    host = env.get("REDIS_HOST")
    return f"redis://{host}:{env.get('REDIS_PORT') or '6379'}/0" if host else ""


def _secret(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "")
    if value.startswith(LOCAL_ONLY) and _app_env(env) == "production":
        raise ConfigError(f"{name} is one that everybody knows; production needs its own.")
    if len(value.encode()) < MIN_SECRET_BYTES:
        raise ConfigError(
            f"{name} must be set and be at least {MIN_SECRET_BYTES} bytes long: "
            "python -c 'import secrets; print(secrets.token_urlsafe(48))' prints a good one."
        )
    return value


def _previous_secrets(env: Mapping[str, str]) -> tuple[str, ...]:
    secrets = _words(env, "JWT_PREVIOUS_SECRETS")
    if any(len(secret.encode()) < MIN_SECRET_BYTES for secret in secrets):
        raise ConfigError(
            f"Each of JWT_PREVIOUS_SECRETS must be at least {MIN_SECRET_BYTES} bytes long; "
            "they are separated by commas."
        )
    return secrets


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in env.get(name, "").split(",") if word.strip())


def _networks(env: Mapping[str, str], name: str) -> Networks:
    if words := _words(env, name):
        from ipaddress import ip_network  # seldom needed: it takes 3 ms

        try:
            return tuple(map(ip_network, words))
        except ValueError:
            raise ConfigError(
                f"{name} must be networks such as 127.0.0.0/8,::1/128, separated by commas."
            ) from None
    return ()


def _proxies(env: Mapping[str, str]) -> int | Networks:
    text = env.get("TRUSTED_PROXIES") or "0"
    if text.isdecimal():
        return int(text)
    from ipaddress import ip_network  # few processes need it, and functions start without it

    try:
        return tuple(map(ip_network, _words(env, "TRUSTED_PROXIES")))
    except ValueError:
        raise ConfigError(
            "TRUSTED_PROXIES must be how many proxies stand in front, or where they are: addresses "
            f"and networks such as 10.0.0.0/8, separated by commas, not {text!r}."
        ) from None


def _integer(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(env.get(name) or default)
    except ValueError:
        raise ConfigError(f"{name} must be a whole number, not {env[name]!r}.") from None


def _count(env: Mapping[str, str], name: str, default: int) -> int:
    if (number := _integer(env, name, default)) < 1:
        raise ConfigError(f"{name} must be at least 1, not {number}.")
    return number


def _switch(env: Mapping[str, str], name: str, words: tuple[str, str]) -> bool:
    """Return whether the first of two words is set, which is the default."""
    value = env.get(name) or words[0]
    if value not in words:
        raise ConfigError(f"{name} must be {words[0]} or {words[1]}, not {value!r}.")
    return value == words[0]


def _duration(env: Mapping[str, str], name: str, default: str) -> int:
    value = env.get(name) or default
    match = re.fullmatch(r"(\d+)([smhd])", value)
    if not match or int(match[1]) == 0:
        raise ConfigError(f"{name} must be a duration such as 15m, 12h or 30d, not {value!r}.")
    return int(match[1]) * DURATION_UNITS[match[2]]
