"""Where everything is: a table for people, and a file for programs that look for a running `up`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lib.emulator.environment import write_private

FILE = "addresses.json"
VARIABLES = (
    "API_URL",
    "REALTIME_URL",
    "MAIL_URL",
    "UPSTASH_REDIS_REST_URL",
    "UPSTASH_REDIS_REST_TOKEN",
    "DATABASE_URL",
    "REDIS_URL",
    "MONGO_URI",
    "MONGO_DB",
)


def rows(env: Mapping[str, str], log: Path) -> list[tuple[str, str]]:
    """Return the table for people: what it is, and its address."""
    return [
        ("REST", env["API_URL"] + "/api/v1"),
        ("docs", env["API_URL"] + "/docs"),
        ("realtime", env["REALTIME_URL"] + "/ws/projects/{project_id}"),
        ("mails", env.get("MAIL_URL") or "sent by the server of SMTP_URL"),
        ("Upstash REST", env["UPSTASH_REDIS_REST_URL"]),
        ("Upstash token", env["UPSTASH_REDIS_REST_TOKEN"]),
        ("Postgres", env.get("DATABASE_URL") or f"host {env.get('PG_HOST')}"),
        ("Redis", env.get("REDIS_URL") or f"host {env.get('REDIS_HOST')}"),
        ("MongoDB", env["MONGO_URI"]),
        ("logs", str(log)),
    ]


@contextmanager
def published(env: Mapping[str, str], local: Path) -> Iterator[None]:
    """Keep the file of addresses in `local`, by the names of the variables, with our `pid`."""
    path = local / FILE
    known = {name: env[name] for name in VARIABLES if name in env}
    write_private(path, {"pid": os.getpid(), **known})
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
