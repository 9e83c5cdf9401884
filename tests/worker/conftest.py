"""Workers as real processes, on the stores of this test run, with leases of a second or two."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from lib.emulator import ports
from lib.stores import postgres
from worker import kinds

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("tests.worker.example_kinds", "tests.worker.isolated_kinds")
FAST = {
    "WORKER_HANDLERS": ",".join(("worker.handlers", *KINDS)),
    "JOB_LEASE": "2s",
    "JOB_RETRY_DELAY": "1s",
    "JOB_LOST_AFTER": "1s",
}
OVER = ("succeeded", "failed", "cancelled")


class WorkerProcess:
    """One `python -m worker`; what it writes is kept, line by line."""

    def __init__(self, **env: str) -> None:
        self.lines: list[dict[str, Any]] = []
        self.text = ""
        (port,) = ports.pick(1)
        self.health_url = f"http://127.0.0.1:{port}/health"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "worker"],
            cwd=ROOT,
            env=os.environ | FAST | {"WORKER_PORT": str(port)} | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with suppress(ValueError):  # closed: a child that outlived its worker held on to it
            for line in self.process.stdout:
                self.text += line
                if line.startswith("{"):
                    self.lines.append(json.loads(line))

    def logged(self, action: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["action"] == action]

    def health(self) -> dict[str, Any]:
        return httpx.get(self.health_url, timeout=5).json()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self, within: float = 30) -> int:
        return self.process.wait(within)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)
        self._reader.join(5)
        self.process.stdout.close()


@pytest.fixture
def worker(stack, eventually) -> Iterator[Callable[..., WorkerProcess]]:
    """Start a worker and wait until it takes jobs; it is killed at the end."""
    started: list[WorkerProcess] = []

    def start(*, ready: bool = True, **env: str) -> WorkerProcess:
        running = WorkerProcess(**env)
        started.append(running)
        if ready:
            eventually(lambda: running.logged("worker.started"), 30, "the worker did not start")
        return running

    yield start
    for running in started:
        running.kill()


@pytest.fixture(autouse=True)
def no_jobs_of_others(stack):
    """Other tests' jobs would be run by these workers: each test begins and ends with none."""
    _end_all()
    yield
    _end_all()


def _end_all() -> None:
    with postgres.connection() as conn:
        conn.execute(
            "UPDATE jobs SET state = 'cancelled', finished_at = now() WHERE state < 'succeeded'"
        )
        conn.execute("UPDATE webhook_deliveries SET state = 'failed', job_id = NULL")


@pytest.fixture(scope="session")
def announced(stack) -> None:
    """The kinds of these tests, known to the functions before any worker runs."""
    with postgres.transaction() as conn:
        kinds.announce(conn, kinds.discover([*KINDS, "worker.handlers"]))


@pytest.fixture
def submit(team, announced) -> Callable[..., dict[str, Any]]:
    """Submit a job of kind `test.NAME` as the collaborator; keywords are its payload."""

    def send(name: str, *, job: dict[str, Any] | None = None, **payload: Any) -> dict[str, Any]:
        kind = name if "." in name else f"test.{name}"
        body = {"kind": kind, "payload": payload} | (job or {})
        answer = team.collaborator.post(f"/projects/{team.project['id']}/jobs", body)
        assert answer.status_code == 202, answer.text
        return answer.get_json()

    return send


@pytest.fixture
def read(team) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Read a job again."""
    return lambda job: team.viewer.get(f"/jobs/{job['id']}").get_json()


@pytest.fixture
def ended(read, eventually) -> Callable[..., dict[str, Any]]:
    """Wait until a job is over, and return it."""

    def wait(job: dict[str, Any], within: float = 30) -> dict[str, Any]:
        what = f"the job was not over in time: {job}"
        return eventually(lambda: (now := read(job)).get("state") in OVER and now, within, what)

    return wait


@pytest.fixture
def mark(tmp_path) -> Path:
    """A file in which handlers leave marks."""
    return tmp_path / "marks"


@pytest.fixture
def marks(mark) -> Callable[[str], int]:
    """Count the marks of a sort."""

    def count(what: str) -> int:
        lines = mark.read_text().splitlines() if mark.exists() else []
        return sum(line.startswith(f"{what} ") for line in lines)

    return count


@pytest.fixture
def events(team) -> Callable[[dict[str, Any]], list[str]]:
    """The actions recorded for a job, in order, wherever they are now."""

    def actions(job: dict[str, Any]) -> list[str]:
        with postgres.connection() as conn:
            rows = conn.execute(
                "SELECT id, event->>'action' AS action FROM audit_outbox"
                " WHERE event->>'target_id' = %s",
                [job["id"]],
            ).fetchall()
        answer = team.owner.get(f"/workspaces/{team.workspace['id']}/audit?action=job.&limit=200")
        moved = answer.get_json()["items"]
        # One that moves between the two looks is in both.
        found = {str(row["id"]): row["action"] for row in rows}
        found |= {e["id"]: e["action"] for e in moved if e["target"]["id"] == job["id"]}
        return [found[event_id] for event_id in sorted(found)]

    return actions
