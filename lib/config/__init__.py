"""The settings of one process: a frozen object, read once from the environment."""

import os
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from lib.config import variables
from lib.config.variables import ConfigError

if TYPE_CHECKING:
    from lib.config.variables import Networks as Networks

__all__ = ["WEBHOOK_TIMEOUT", "ConfigError", "Settings", "load", "settings"]

WEBHOOK_TIMEOUT = 15  # seconds, unless told otherwise: what the reference tells receivers


# As text (from __future__ import annotations), each annotation would be compiled at every start.
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
    webhook_allow_private: "Networks"
    rate_limits: bool
    email_verification_required: bool
    trusted_proxies: "int | Networks"
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
    database_url = variables.address(env, "DATABASE_URL") or variables.postgres_url(env)
    return Settings(
        app_env=variables.app_env(env),
        log_level=(env.get("LOG_LEVEL") or "INFO").upper(),
        database_url=database_url,
        database_direct_url=variables.address(env, "DATABASE_DIRECT_URL") or database_url,
        database_pooled=variables.switch(env, "DATABASE_POOLED", ("on", "off")),
        redis_url=env.get("REDIS_URL") or variables.redis_url(env),
        upstash_url=env.get("UPSTASH_REDIS_REST_URL", ""),
        upstash_token=env.get("UPSTASH_REDIS_REST_TOKEN", ""),
        mongo_uri=env.get("MONGO_URI", ""),
        mongo_db=env.get("MONGO_DB") or "collab_logs",
        jwt_secret=variables.secret(env, "JWT_SECRET"),
        jwt_previous_secrets=variables.previous_secrets(env),
        jwt_expires_in=variables.duration(env, "JWT_EXPIRES_IN", "15m"),
        refresh_expires_in=variables.duration(env, "REFRESH_EXPIRES_IN", "30d"),
        cron_secret=variables.cron_secret(env),
        cors_origins=variables.words(env, "CORS_ORIGINS"),
        app_name=env.get("APP_NAME") or "Collab",
        app_url=env.get("APP_URL", "").rstrip("/"),
        smtp_url=env.get("SMTP_URL", ""),
        mail_from=env.get("MAIL_FROM", ""),
        realtime_url=env.get("REALTIME_URL") or "ws://127.0.0.1:5001",
        realtime_port=variables.integer(env, "REALTIME_PORT", 5001),
        realtime_frame_bytes=variables.count(env, "REALTIME_FRAME_BYTES", 64 * 1024),
        realtime_update_bytes=variables.count(env, "REALTIME_UPDATE_BYTES", 1024 * 1024),
        realtime_messages_per_second=variables.count(env, "REALTIME_MESSAGES_PER_SECOND", 50),
        realtime_burst=variables.count(env, "REALTIME_BURST", 100),
        realtime_queue_bytes=variables.count(env, "REALTIME_QUEUE_BYTES", 1024 * 1024),
        realtime_connections_per_person=variables.count(env, "REALTIME_CONNECTIONS_PER_PERSON", 20),
        realtime_connections_per_room=variables.count(env, "REALTIME_CONNECTIONS_PER_ROOM", 1_000),
        realtime_connections_per_address=variables.count(
            env, "REALTIME_CONNECTIONS_PER_ADDRESS", 1_000
        ),
        realtime_ping_every=variables.duration(env, "REALTIME_PING_EVERY", "25s"),
        realtime_pong_within=variables.duration(env, "REALTIME_PONG_WITHIN", "8s"),
        realtime_replay_events=variables.count(env, "REALTIME_REPLAY_EVENTS", 1_000),
        worker_port=variables.integer(env, "WORKER_PORT", 5006),
        worker_concurrency=variables.integer(env, "WORKER_CONCURRENCY", 4),
        worker_handlers=variables.words(env, "WORKER_HANDLERS") or ("worker.handlers",),
        worker_drain=variables.duration(env, "WORKER_DRAIN", "25s"),
        worker_memory_limit=variables.count(env, "WORKER_MEMORY_LIMIT", 512),
        job_lease=variables.duration(env, "JOB_LEASE", "30s"),
        job_retry_delay=variables.duration(env, "JOB_RETRY_DELAY", "20s"),
        job_lost_after=variables.duration(env, "JOB_LOST_AFTER", "10s"),
        job_cancel_grace=variables.duration(env, "JOB_CANCEL_GRACE", "5s"),
        jobs_per_workspace=variables.count(env, "JOBS_PER_WORKSPACE", 10_000),
        jobs_per_minute=variables.count(env, "JOBS_PER_MINUTE", 6_000),
        job_retention_days=variables.count(env, "JOB_RETENTION_DAYS", 90),
        audit_retention_days=variables.integer(env, "AUDIT_RETENTION_DAYS", 365),
        webhook_timeout=variables.duration(env, "WEBHOOK_TIMEOUT", f"{WEBHOOK_TIMEOUT}s"),
        webhook_allow_private=variables.networks(env, "WEBHOOK_ALLOW_PRIVATE"),
        rate_limits=variables.switch(env, "RATE_LIMITS", ("on", "off")),
        email_verification_required=not variables.switch(
            env, "EMAIL_VERIFICATION", ("optional", "required")
        ),
        trusted_proxies=variables.proxies(env),
        host=env.get("HOST") or "127.0.0.1",
    )
