"""No-op jobs by one worker process: how many a second, and how long one takes when it is idle.

Every state is in Postgres with its audit event, as always; the worker shares the machine with the
stores and with this program.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from lib.bridge import queue
from lib.config import settings
from lib.emulator import ports
from lib.emulator.stack import Stack
from lib.ids import new_id
from lib.stores import postgres, redis
from lib.stores.migrate import migrate

ROOT = Path(__file__).resolve().parents[2]
THREADS = (4, 16)
DRAINED = 10_000  # jobs that wait when the worker starts
SINGLE = 300  # jobs submitted one after another to an idle worker
DEADLINE = 90.0  # seconds for either


def run(directory: Path) -> dict[str, object]:
    """Return jobs per second and latencies in milliseconds, by the worker's number of threads."""
    with Stack(directory) as stack, _environment(stack):
        migrate(settings().database_direct_url)
        project_id = _project()
        return {f"{threads}_threads": _measure(project_id, threads) for threads in THREADS}


def _measure(project_id: UUID, threads: int) -> dict[str, float]:
    ids = _insert(project_id, DRAINED)
    queue.push(ids)
    with _worker(threads):
        _await(lambda: _ended(ids) == DRAINED, every=0.2)
        per_second = DRAINED / _span(ids, since="started_at")
        latencies = sorted(_one(project_id) for _ in range(SINGLE))
    return {
        "jobs_per_second": round(per_second),
        "p50_ms": round(statistics.median(latencies), 1),
        "p99_ms": round(latencies[int(SINGLE * 0.99)], 1),
    }


def _one(project_id: UUID) -> float:
    ids = _insert(project_id, 1)
    queue.push(ids)
    _await(lambda: _ended(ids) == 1)
    return _span(ids, since="created_at") * 1000


def _project() -> UUID:
    workspace_id, project_id = new_id(), new_id()
    with postgres.connection() as conn:
        conn.execute("INSERT INTO workspaces (id, name) VALUES (%s, 'Bench')", [workspace_id])
        conn.execute(
            "INSERT INTO projects (id, workspace_id, name, description) VALUES (%s, %s, '', '')",
            [project_id, workspace_id],
        )
    return project_id


def _insert(project_id: UUID, count: int) -> list[UUID]:
    ids = [new_id() for _ in range(count)]
    with postgres.connection() as conn:
        conn.execute(
            """
            INSERT INTO jobs (id, workspace_id, project_id, kind, payload, max_attempts, request_id)
            SELECT given.id, p.workspace_id, p.id, 'bench.nothing', '{}', 3, 'bench'
            FROM unnest(%s::uuid[]) AS given(id), projects p WHERE p.id = %s
            """,
            [ids, project_id],
        )
    return ids


def _ended(ids: list[UUID]) -> int:
    query = "SELECT count(*) AS n FROM jobs WHERE id = ANY(%s) AND state = 'succeeded'"
    with postgres.connection() as conn:
        return (conn.execute(query, [ids]).fetchone() or {})["n"]


def _span(ids: list[UUID], since: str) -> float:
    query = f"SELECT max(finished_at) - min({since}) AS span FROM jobs WHERE id = ANY(%s)"  # noqa: S608
    with postgres.connection() as conn:
        return (conn.execute(query, [ids]).fetchone() or {})["span"].total_seconds()


def _await(condition: Callable[[], bool], every: float = 0.005) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not get through")
        time.sleep(every)


@contextmanager
def _worker(threads: int) -> Iterator[None]:
    (port,) = ports.pick(1)
    env = os.environ | {
        "WORKER_HANDLERS": "tests.bench.noop_kind",
        "WORKER_CONCURRENCY": str(threads),
        "WORKER_PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=env)
    try:
        yield
    finally:
        process.terminate()
        process.wait(40)


@contextmanager
def _environment(stack: Stack) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(stack.env)
    settings.cache_clear()
    redis.use_tcp()
    try:
        yield
    finally:
        postgres.close()
        os.environ.clear()
        os.environ.update(before)
        settings.cache_clear()
