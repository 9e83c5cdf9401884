"""Checks of the stores: that they answer, are new enough, migrated, and agree on the time."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress

from lib.audit import delivery
from lib.bridge import keys
from lib.config import ConfigError, settings
from lib.doctor import queries
from lib.doctor.findings import Finding, Findings, failure, ok, warning
from lib.errors import Unavailable
from lib.jobs import sweep
from lib.stores import mongo, postgres, redis
from lib.stores.migrate import MIGRATIONS
from lib.stores.redis import HttpTransport
from lib.stores.redis_tcp import TcpTransport

OLDEST_POSTGRES = 14  # the oldest that its makers still mend (postgresql.org/support/versioning)
CLOCKS_APART = 2.0  # seconds; more makes logs hard to follow, and tokens end at odd times
FREE = 0.2  # of all connections to Postgres: a deployment needs old and new processes at once
WAITED, TOO_LONG = 60.0, 600.0  # seconds that a due job, or an event, has waited
PROBE_LIFE = 10  # seconds


def check_postgres() -> Findings:
    """Postgres: version, migrations, clock, connections, what waits in it."""
    try:
        with postgres.connection() as conn:
            server, applied = queries.server(conn), queries.applied(conn)
    except Unavailable as error:
        yield failure("postgres", f"{error.detail} Is DATABASE_URL right?")
        return
    major = server["version"] // 10_000
    found = f"PostgreSQL {major} answers."
    yield (
        ok("postgres", found)
        if major >= OLDEST_POSTGRES
        else failure(
            "postgres", f"{found} {OLDEST_POSTGRES} is the oldest that is still supported."
        )
    )
    yield _migrations(applied)
    yield clock("postgres", server["now"], time.time())
    yield _connections(server["most"] - server["reserved"], server["used"])
    yield _waiting("due job", sweep.due()["oldest"])
    yield _waiting("event", delivery.lag()["age"])


def check_redis() -> Findings:
    """Redis: over TCP and over HTTP it has to be the same one."""
    tcp, http = TcpTransport(), None
    try:
        seconds, microseconds = tcp.execute(["TIME"])
    except ConfigError as error:
        yield failure("redis", str(error))
        return
    except Exception as error:  # noqa: BLE001 - the client has many
        yield failure("redis", f"Not over TCP ({type(error).__name__}): is REDIS_URL right?")
        return
    yield ok("redis", "Redis answers over TCP.")
    yield clock("redis", float(seconds) + float(microseconds) / 1e6, time.time())
    yield from _evicts(tcp)
    try:
        http = HttpTransport()
        http.execute(["PING"])
    except Exception as error:  # noqa: BLE001
        reason = str(error) if isinstance(error, ConfigError) else type(error).__name__
        yield failure("redis", f"Not over HTTP, as functions reach it ({reason}).")
        return
    yield _same_redis(tcp, http)


def check_mongo() -> Findings:
    """MongoDB: it may be away for a while, but has to be there."""
    try:
        with mongo.database() as database:
            version = database.client.server_info().get("version", "of an unknown version")
            local = database.command("hello").get("localTime")
    except (Unavailable, ConfigError) as error:
        text = str(error) if isinstance(error, ConfigError) else "MongoDB does not answer."
        yield failure("mongodb", f"{text} Is MONGO_URI right?")
        return
    yield ok("mongodb", f"MongoDB {version} answers.")
    if local is not None:
        yield clock("mongodb", local.timestamp(), time.time())


def clock(part: str, theirs: float, ours: float) -> Finding:
    """Compare two clocks, in seconds since 1970."""
    apart = theirs - ours
    if abs(apart) <= CLOCKS_APART:
        return ok(part, "Its clock agrees with this one.")
    return failure(part, f"Its clock is {apart:+.1f} s from this one: have both follow NTP.")


def _migrations(applied: set[str]) -> Finding:
    known = {file.stem for file in MIGRATIONS.glob("*.sql")}
    if missing := sorted(known - applied):
        run = "python -m lib.stores.migrate"
        return failure("postgres", f"Not migrated: {', '.join(missing)}; run `{run}`.")
    if newer := sorted(applied - known):
        return warning("postgres", f"Migrated by newer code than this: {', '.join(newer)}.")
    return ok("postgres", f"All {len(known)} migrations are applied.")


def _connections(most: int, used: int) -> Finding:
    worker = settings().worker_concurrency
    text = (
        f"{used} of {most} connections are in use; each function instance takes up to "
        f"{postgres.POOL_MAX}, a worker {worker} and a few."
    )
    if most - used < FREE * most:
        return warning("postgres", f"{text} Put a pooler in front, or raise max_connections.")
    return ok("postgres", text)


def _waiting(what: str, age: float) -> Finding:
    if age <= WAITED:
        return ok("worker", f"No {what} waits for more than {WAITED:.0f} s.")
    text = f"The oldest {what} waits for {age:.0f} s: does a worker run?"
    return failure("worker", text) if age > TOO_LONG else warning("worker", text)


def _evicts(tcp: redis.Transport) -> Findings:
    policy = None
    with suppress(Exception):  # a hosted Redis may not tell
        answer = tcp.execute(["CONFIG", "GET", "maxmemory-policy"])
        policy = answer.get("maxmemory-policy") if isinstance(answer, dict) else answer[1]
    if policy and policy != "noeviction":
        text = f"maxmemory-policy is {policy}: under pressure it drops queued jobs. Use noeviction."
        yield warning("redis", f"{text} (The sweep puts them back.)")


def _same_redis(tcp: redis.Transport, http: redis.Transport) -> Finding:
    probe, value = keys.probe(secrets.token_urlsafe(9)), secrets.token_urlsafe(9)
    http.execute(["SET", probe, value, "EX", PROBE_LIFE])
    found = tcp.execute(["GET", probe])
    http.execute(["DEL", probe])
    if found != value:
        return failure("redis", "REDIS_URL and UPSTASH_REDIS_REST_URL lead to different ones.")
    return ok("redis", "Over TCP and over HTTP it is the same one.")
