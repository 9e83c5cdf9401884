"""Checks of the sides: that functions and real-time host answer, and are set up like this one."""

from __future__ import annotations

import time
from typing import Any

import httpx

from lib.config import settings
from lib.doctor import side
from lib.doctor.findings import Findings, failure, ok, warning
from lib.doctor.stores import clock
from lib.maintenance import runs
from lib.stores import postgres

TIMEOUT = 10.0  # seconds: a function may be cold
STORES = {"postgres": "DATABASE_URL", "redis": "the Redis addresses", "mongo": "MONGO_URI"}


def check_functions(api_url: str) -> Findings:
    """Compare the functions at `api_url` with this side, and look when cron has reached them."""
    about = yield from _ask("functions", f"{api_url.rstrip('/')}/api/cron")
    if about:
        yield from _compare("functions", about["side"])
    with postgres.connection() as conn:
        rows = runs.overview(conn)
    late = [row for row in rows if row["late"]]
    never = ", ".join(row["function"] for row in late if row["succeeded_at"] is None)
    slow = ", ".join(row["function"] for row in late if row["succeeded_at"])
    if never:
        yield failure("cron", f"Never succeeded yet: {never}.")
    if slow:
        text = f"Late: {slow}."
        yield warning("cron", f"{text} On a plan with daily crons that is so; else look at them.")
    if not late:
        yield ok("cron", "No maintenance function is late.")


def check_host(realtime_url: str) -> Findings:
    """Compare the real-time host at `realtime_url` (ws or wss) with this side."""
    url = "http" + realtime_url.rstrip("/").removeprefix("ws")
    about = yield from _ask("real-time host", f"{url}/about")
    if about:
        yield from _compare("real-time host", about)


def check_worker() -> Findings:
    """Ask the worker for its health, where it is on this machine."""
    url = f"http://{settings().host}:{settings().worker_port}/health"
    try:
        answer = httpx.get(url, timeout=TIMEOUT)
    except httpx.HTTPError:
        yield warning("worker", f"None answers at {url}; it may be on another machine.")
        return
    if answer.status_code == 200:
        yield ok("worker", "It is in good health.")
    else:
        yield failure("worker", f"It is stuck: {answer.text[:200]}")


def _ask(part: str, url: str) -> Any:
    headers = {"Authorization": f"Bearer {settings().cron_secret}"}
    try:
        answer = httpx.get(url, headers=headers, timeout=TIMEOUT)
    except httpx.HTTPError as error:
        yield failure(part, f"No answer from {url} ({type(error).__name__}).")
        return None
    if answer.status_code == 401:
        yield failure(part, "CRON_SECRET is another one there: none of its crons is let in.")
        return None
    if answer.status_code != 200:
        yield failure(part, f"{url} answers {answer.status_code}.")
        return None
    yield ok(part, "It answers, and CRON_SECRET is the same.")
    return answer.json()


def _compare(part: str, theirs: dict[str, Any]) -> Findings:
    ours = side.describe()
    if theirs["keys"][0] not in ours["keys"] or ours["keys"][0] not in theirs["keys"]:
        text = "JWT_SECRET differs: each side refuses the other's tokens"
        yield failure(part, f"{text} (JWT_PREVIOUS_SECRETS lists those of before).")
    else:
        yield ok(part, "Each side accepts the other's tokens.")
    for store, variable in STORES.items():
        if theirs[store] is None:
            yield failure(part, f"It does not reach {store}: is {variable} right there?")
        elif ours[store] and theirs[store] != ours[store]:
            yield failure(part, f"It has another {store} than this side: compare {variable}.")
    yield clock(part, theirs["now"], time.time())
