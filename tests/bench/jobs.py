"""No-op jobs by one worker process: how many a second, how soon one starts, and how much memory.

Every state and attempt is in Postgres, with its audit event and its entry in the room's log, as
always; the worker shares the machine with the stores and with this program. With REST_HARNESS (see
tests/bench/rest.py) the same is drained beside a Node peer, BullMQ with status rows in Postgres, in
interleaved runs: where the stores have one core alone, they hold up the worker, not the peer.
"""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil

from lib.bridge import queue
from lib.config import settings
from lib.emulator import ports
from lib.emulator.stack import Stack
from lib.ids import new_id
from lib.stores import postgres, redis
from lib.stores.migrate import migrate
from tests.bench import harness

ROOT = Path(__file__).resolve().parents[2]
THREADS = 4  # as a worker has by default
WARM_UP = 1_000  # jobs
DRAINED = 10_000  # jobs that wait when the warm worker goes on
SINGLE = 200  # jobs submitted one after another to an idle worker
LOADED = 4.0  # seconds of jobs coming at half the rate at which they are drained
TICK = 0.01  # seconds between two submissions there, each of several jobs
DEADLINE = 90.0  # seconds for any of these
REPETITIONS, PEER_JOBS = 5, 8_000  # of the runs beside the peer
# Where each side runs: the worker on one core and the stores on another, or all of them on both.
CORES = {
    "a core for the worker, one for the stores": (),
    "both cores for everybody": ("--server-cpus", "0,1", "--load-cpus", "0,1"),
}
PEER_METRICS = ("jobs/s", "worker cpu s/k", "pg cpu s/k", "redis cpu s/k", "worker pss MiB")


def run(directory: Path) -> dict[str, object]:
    """Return rates and memory, and milliseconds from a job's creation to its start."""
    with Stack(directory) as stack, _environment(stack):
        migrate(settings().database_direct_url)
        ours: dict[str, object] = dict(_measure(_project()))
    if os.environ.get("REST_HARNESS"):
        return {"alone": ours} | {name: _beside(directory, cores) for name, cores in CORES.items()}
    return ours


def _beside(directory: Path, cores: tuple[str, ...]) -> dict[str, object]:
    rows = harness.rows(directory, ("node", "ours"), ["drain"], REPETITIONS,
                        "--jobs", str(PEER_JOBS), *cores)  # fmt: skip
    return {metric: _compare(rows, metric) for metric in PEER_METRICS}


def _measure(project_id: UUID) -> dict[str, float]:
    with _worker(THREADS) as process:
        _drain(project_id, WARM_UP, process)
        per_second = _drain(project_id, DRAINED, process)
        idle = [job_id for _ in range(SINGLE) for job_id in _one(project_id)]
        loaded = _load(project_id, per_second / 2)
        memory = psutil.Process(process.pid).memory_full_info().pss
    return {
        "jobs_per_second": round(per_second),
        "idle_p50_ms": _wait(idle, 0.5),
        "idle_p99_ms": _wait(idle, 0.99),
        "at_half_p50_ms": _wait(loaded, 0.5),
        "at_half_p99_ms": _wait(loaded, 0.99),
        "memory_mib": round(memory / 2**20, 1),
    }


def _drain(project_id: UUID, count: int, process: subprocess.Popen[bytes]) -> float:
    process.send_signal(signal.SIGSTOP)
    ids = _insert(project_id, count)
    queue.push(ids)
    process.send_signal(signal.SIGCONT)
    _await(lambda: _ended(ids) == count, every=0.2)
    return count / _span(ids)


def _one(project_id: UUID) -> list[UUID]:
    ids = _insert(project_id, 1)
    queue.push(ids)
    _await(lambda: _ended(ids) == 1)
    return ids


def _load(project_id: UUID, rate: float) -> list[UUID]:
    ids: list[UUID] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < LOADED:
        if missing := int(rate * passed) - len(ids):
            more = _insert(project_id, missing)
            queue.push(more)
            ids += more
        time.sleep(TICK)
    _await(lambda: _ended(ids) == len(ids), every=0.2)
    return ids


def _wait(ids: list[UUID], quantile: float) -> float:
    query = """
        SELECT percentile_cont(%s) WITHIN GROUP (
            ORDER BY extract(epoch FROM started_at - created_at)) * 1000 AS ms
        FROM jobs WHERE id = ANY(%s)
    """
    with postgres.connection() as conn:
        return round((conn.execute(query, [quantile, ids]).fetchone() or {})["ms"], 1)


def _compare(rows: list[dict[str, object]], metric: str) -> dict[str, float]:
    found = {name: [float(str(r[metric])) for r in rows if r["server"] == name]
             for name in ("node", "ours")}  # fmt: skip
    node, ours = (statistics.median(found[name]) for name in ("node", "ours"))
    return {"node": round(node, 3), "ours": round(ours, 3), "ours / node": round(ours / node, 2)}


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


def _span(ids: list[UUID]) -> float:
    query = "SELECT max(finished_at) - min(started_at) AS span FROM jobs WHERE id = ANY(%s)"
    with postgres.connection() as conn:
        return (conn.execute(query, [ids]).fetchone() or {})["span"].total_seconds()


def _await(condition: Callable[[], bool], every: float = 0.005) -> None:
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the worker did not get through")
        time.sleep(every)


@contextmanager
def _worker(threads: int) -> Iterator[subprocess.Popen[bytes]]:
    (port,) = ports.pick(1)
    env = os.environ | {
        "WORKER_HANDLERS": "tests.bench.noop_kind",
        "WORKER_CONCURRENCY": str(threads),
        "WORKER_PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "worker"], cwd=ROOT, env=env)
    try:
        yield process
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
