"""Events on their way to MongoDB by one worker process: how many a second, and how late at 500/s.

Each gets its number and its hash in Postgres first. What limits it here is the embedded server,
which shares the machine with the worker, Postgres and this program.
"""

import time
from pathlib import Path
from uuid import UUID

from lib.audit import delivery, events, indexes, queries
from lib.audit.events import Event
from lib.config import settings
from lib.emulator.stack import Stack
from lib.ids import new_id
from lib.stores import mongo, postgres
from lib.stores.migrate import migrate
from tests.bench.jobs import _await, _environment, _worker

WAITING = 30_000  # events that wait when the worker starts
ALONE = 8_000  # as many as may be on their way at once
PACE = 500  # events a second
SECONDS = 10
STEP = 0.05  # seconds between two writes at that pace
WORKSPACES = 20


def run(directory: Path) -> dict[str, object]:
    """Return events per second, and how old the oldest that waited became, in seconds."""
    with Stack(directory) as stack, _environment(stack):
        migrate(settings().database_direct_url)
        workspaces = [new_id() for _ in range(WORKSPACES)]
        indexes.ensure()
        try:
            alone = {"mongodb_alone": _inserted(workspaces)}
            moved = {"mover": _moved(workspaces), "worker": _drained(workspaces)}
            return alone | moved | _lag(workspaces)
        finally:
            mongo.close()


def _inserted(workspaces: list[UUID]) -> dict[str, float]:
    """What MongoDB takes of the same documents, made before: more than that can't be moved."""
    _record(workspaces, ALONE)
    batches = []
    while batch := delivery.number():
        batches.append(batch.documents())
    began = time.perf_counter()
    with mongo.database() as database:
        for batch in batches:
            for name, documents in batch.items():
                database[name].insert_many(documents, ordered=False)
    took = time.perf_counter() - began
    while _waiting():
        delivery.catch_up()
    return {"events_per_second": round(ALONE / took)}


def _moved(workspaces: list[UUID]) -> dict[str, float]:
    """What the mover itself takes, and how much of it is this process's own time."""
    _record(workspaces, WAITING)
    began, cpu = time.perf_counter(), time.process_time()
    while _waiting():
        delivery.catch_up()
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {
        "events_per_second": round(WAITING / took),
        "cpu_us_per_event": round(cpu / WAITING * 1e6, 1),
    }


def _drained(workspaces: list[UUID]) -> dict[str, float]:
    _record(workspaces, WAITING)
    oldest = _oldest()
    with _worker(4):
        _await(lambda: _oldest() != oldest, every=0.02)
        first, began = WAITING - _waiting(), time.perf_counter()
        _await(lambda: _oldest() is None, every=0.02)
        took = time.perf_counter() - began
    return {"events_per_second": round((WAITING - first) / took)}


def _lag(workspaces: list[UUID]) -> dict[str, object]:
    ages = []
    with _worker(4):
        _record(workspaces, 1)
        _await(lambda: _waiting() == 0)
        began = time.perf_counter()
        for step in range(int(SECONDS / STEP)):
            _record(workspaces, int(PACE * STEP))
            with postgres.connection() as conn:
                ages.append(queries.lag(conn, 10_000)["age"])
            time.sleep(max(0, began + (step + 1) * STEP - time.perf_counter()))
        took = time.perf_counter() - began
        _await(lambda: _waiting() == 0)
    sent = len(ages) * int(PACE * STEP)
    return {f"at_{round(sent / took)}_per_second": {"oldest_seconds": round(max(ages), 2)}}


def _record(workspaces: list[UUID], count: int) -> None:
    for start in range(0, count, 1000):
        several = [
            Event(
                "project.updated",
                None,
                ("project", workspaces[n % WORKSPACES]),
                workspaces[n % WORKSPACES],
                details={"name": "Launch"},
            )
            for n in range(start, min(start + 1000, count))
        ]
        with postgres.transaction() as conn:
            events.record_all(conn, several)


def _oldest() -> UUID | None:
    # Counting what waits takes Postgres longer than to take a batch of it out.
    with postgres.connection() as conn:
        row = conn.execute("SELECT id FROM audit_outbox ORDER BY id LIMIT 1").fetchone()
    return row["id"] if row else None


def _waiting() -> int:
    with postgres.connection() as conn:
        return queries.waiting(conn)
