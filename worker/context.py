"""What a handler is given: its payload, and ways to tell how far it is and to hand over results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from lib.jobs import artifacts, job_logs, lifecycle
from lib.jobs.artifacts import Artifact
from lib.jobs.lifecycle import Lease
from lib.stores import postgres
from worker.lines import Lines

if TYPE_CHECKING:
    from lib.stores.connection import Connection

PROGRESS_EVERY = 0.2  # seconds between two that are told; those in between are left out


Stop = Literal["cancelled", "lease-lost"]


class Stopped(Exception):
    """Going on is in vain; a handler lets it pass, and leaves nothing half done."""


class LeaseLost(Stopped):
    """The job is not this worker's any more: another one has it, or it is gone."""


class Cancelled(Stopped):
    """Somebody asked for the job to be cancelled."""


class TimedOut(Stopped):
    """The attempt has taken longer than its kind may."""


class Context:
    """One attempt at one job."""

    # Of short ones, a worker holds a thousand or two at a time.
    __slots__ = (
        "_began", "_lines", "_open", "_told", "attempt", "created_by", "ends", "finished", "job_id",
        "kind", "lease", "made", "payload", "project_id", "request_id", "row", "stopped", "timeout",
        "workspace_id",
    )  # fmt: skip

    def __init__(self, job: dict[str, Any], timeout: float) -> None:
        self.row = job
        self.payload: dict[str, Any] = job["payload"]
        self.kind: str = job["kind"]
        self.job_id: UUID = job["id"]
        # Of an internal kind both are None; its handler has no use for them.
        self.project_id: UUID = job["project_id"]
        self.workspace_id: UUID = job["workspace_id"]
        self.created_by: UUID | None = job["created_by"]
        self.attempt: int = job["attempt"]
        self.request_id: str = job["request_id"]
        self.lease = Lease(job["id"], job["lease_token"])
        self.made: Artifact | None = None
        self.timeout = timeout  # seconds
        self._began = monotonic()
        self.ends = self._began + timeout
        self.stopped: Stop | None = None
        self.finished = False  # the handler is through; what came of it may still have to be stored
        self._told = float("-inf")
        self._open: Connection | None = None
        self._lines: Lines | None = None  # until there is one

    def age_ms(self) -> float:
        """Return how long the attempt has taken so far, in milliseconds."""
        return round((monotonic() - self._began) * 1000, 1)

    def stop(self, why: Stop) -> None:
        """Make the handler stop at its next call of any method here; a lost lease is the end."""
        if self.stopped != "lease-lost":
            self.stopped = why

    def check(self) -> None:
        """Raise Stopped when going on is in vain; for handlers that do much between two calls.

        LeaseLost, Cancelled and TimedOut say why. Every other method here begins with this.
        """
        if self.stopped:
            raise LeaseLost if self.stopped == "lease-lost" else Cancelled
        if monotonic() > self.ends:
            raise TimedOut
        if self._lines and self._lines.due():
            self.write_log()

    def progress(self, percent: float, message: str = "") -> None:
        """Tell the room how far the job is: 0 to 100, and a few words."""
        self.check()
        now = monotonic()
        if now - self._told < PROGRESS_EVERY:
            return
        self._told = now
        percent = max(0, min(100, round(percent)))
        if self._open:
            kept = lifecycle.progress(self._open, self.lease, percent, message)
        else:
            with postgres.transaction() as conn:
                kept = lifecycle.progress(conn, self.lease, percent, message)
        if not kept:
            self.stop("lease-lost")
            raise LeaseLost

    def log(self, message: str) -> None:
        """Keep a line about the job, and show it to the room; there are bounds (worker.lines)."""
        self._lines = self._lines or Lines()
        self._lines.add(message)
        self.check()

    def write_log(self) -> None:
        """Write down the lines that wait; what calls the handler does so at its end."""
        if not self._lines or not (lines := self._lines.take()):
            return
        with postgres.transaction() as conn:
            if not job_logs.write(conn, self.lease, self.attempt, self.project_id, lines):
                self.stop("lease-lost")

    def artifact(self, filename: str, media_type: str, content: bytes) -> None:
        """Make `content` the file to download once the job has succeeded; the last one counts."""
        self.check()
        self.made = artifacts.make(filename, media_type, content)

    @contextmanager
    def conn(self) -> Iterator[Connection]:
        """Lend a connection for reading, each statement by itself."""
        self.check()
        with postgres.connection() as conn:
            yield conn

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend a transaction for writing, which commits only under the lease.

        In an archived workspace it raises Archived, which ends the job: what only reads goes on.
        """
        self.check()
        with postgres.transaction() as conn:
            if not lifecycle.hold(conn, self.lease):
                self.stop("lease-lost")
                raise LeaseLost
            self._open = conn
            try:
                yield conn
            finally:
                self._open = None
