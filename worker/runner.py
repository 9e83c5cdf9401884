"""One message, one job: claim it, run its handler, write down how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TypeVar
from uuid import UUID

from marshmallow import ValidationError

from lib import logs
from lib.bridge import queue
from lib.errors import AppError, Archived, Unavailable
from lib.input import parse
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Row, Success
from lib.stores import postgres
from worker.batches import Batches
from worker.context import Context, LeaseLost
from worker.heartbeat import Running
from worker.kinds import Kind, PermanentFailure
from worker.pace import Pace

MAX_RESULT = 64 * 1024  # bytes of JSON
MAX_ERROR = 2000  # characters
MAX_FINISHED = 200  # jobs whose success is written in one transaction
AFTER_OUTAGE = 2.0  # seconds until a job that ran into an outage is due again
PAUSE, MAX_PAUSE = 0.2, 2.0  # seconds between two attempts at Postgres

Answer = TypeVar("Answer")
Finished = tuple[Context, "Row | None"]


class Runner:
    """Runs jobs of the known kinds; `stopping` says whether to leave new ones to others."""

    def __init__(
        self,
        name: str,
        known: Mapping[str, Kind],
        running: Running,
        pace: Pace,
        stopping: Callable[[], bool],
    ) -> None:
        self._name = name
        self._known = known
        self._running = running
        self._pace = pace
        self._stopping = stopping
        # Threads go on at once. A worker killed before these are written has its jobs run again,
        # as one killed a moment earlier would.
        self.finisher: Batches[Finished] = Batches("finisher", self._finish, MAX_FINISHED)

    def claim(self, job_ids: Sequence[UUID]) -> dict[UUID, Row]:
        """Claim those of these jobs that can be, and return their rows by id; raises Unavailable.

        Of several at once none is taken for its last attempt: if this worker dies, each that had
        not begun is left with another one.
        """
        if self._stopping():
            return {}
        with postgres.transaction() as conn:
            rows = lifecycle.claim(
                conn, job_ids, worker=self._name, kinds=list(self._known), spare=len(job_ids) > 1
            )
        return {row["id"]: row for row in rows}

    def run(self, job_id: UUID, row: Row | None) -> None:
        """Run a job, claimed already or not, unless it is somebody else's, not due, or gone."""
        try:
            row = row or _patiently(lambda: self.claim([job_id]).get(job_id), self._stopping)
        except Unavailable:  # stopping: another worker will take it
            queue.push([job_id])
            return
        if row:
            self._attempt(row, self._known[row["kind"]])

    def give_back(self, taken: Sequence[tuple[float, UUID, Row | None]]) -> None:
        """Return to the queue what was taken from it and has not begun; raises Unavailable."""
        leases = [Lease(job_id, row["lease_token"]) for _, job_id, row in taken if row]
        unclaimed = [job_id for _, job_id, row in taken if not row]
        if taken:
            with postgres.transaction() as conn:
                lifecycle.release(conn, leases)
                conn.after_commit(partial(queue.push, unclaimed))

    def _attempt(self, job: Row, kind: Kind) -> None:
        context, started = Context(job, kind.timeout), perf_counter()
        logs.request_id.set(context.request_id)
        self._running.add(context)
        try:
            result = _result(kind, context)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a handler does
            self._end(context, _failed(context, error))
        else:
            self.finisher.put((context, result))
        self._pace.took(perf_counter() - started)

    def _finish(self, finished: list[Finished]) -> None:
        try:
            ended = _patiently(lambda: _succeed(finished))
        except Exception as error:  # noqa: BLE001 - one that can't be stored takes none with it
            if len(finished) == 1:
                self._end(finished[0][0], _failed(finished[0][0], error))
                return
            for each in finished:
                self._finish([each])
            return
        for context, _ in finished:
            self._end(context, "succeeded" if context.job_id in ended else "lease-lost")

    def _end(self, context: Context, outcome: str) -> None:
        self._running.remove(context)
        logs.info(
            "job.ended",
            request_id=context.request_id,
            job_id=context.job_id,
            kind=context.kind,
            attempt=context.attempt,
            outcome=outcome,
            ms=context.age_ms(),
        )


def _result(kind: Kind, context: Context) -> Row | None:
    try:
        context.payload = kind.payload().load(context.payload)
    except ValidationError:
        raise PermanentFailure("This worker does not understand the payload.") from None
    try:
        result = kind.handler(context)
    finally:
        context.write_log()
    if result is None:
        return None
    text = json.dumps(result)
    if len(text) > MAX_RESULT:
        raise PermanentFailure(f"The result of this job is larger than {MAX_RESULT} bytes.")
    return parse(text, "result")


def _succeed(finished: list[Finished]) -> set[UUID]:
    successes = [Success(context.lease, result, context.made) for context, result in finished]
    with postgres.transaction() as conn:
        return lifecycle.succeed(conn, successes)


def _failed(context: Context, error: BaseException) -> str:
    if isinstance(error, LeaseLost):
        return "lease-lost"
    if isinstance(error, Unavailable) and postgres.is_outage(error):
        return _give_back(context)
    if isinstance(error, AppError):
        return _fail(context, str(error), final=isinstance(error, PermanentFailure | Archived))
    logs.exception("job.raised", job_id=context.job_id, kind=context.kind)
    # Only the kind of error is shown: its text may hold what a driver says.
    reason = f"The job stopped with an unexpected error ({type(error).__name__})."
    return _fail(context, reason, final=False)


def _fail(context: Context, error: str, *, final: bool) -> str:
    error = error.encode(errors="replace").decode().replace("\0", "")[:MAX_ERROR]

    def write() -> str | None:
        with postgres.transaction() as conn:
            return lifecycle.fail(conn, context.lease, context.attempt, error, final=final)

    return _patiently(write) or "lease-lost"


def _give_back(context: Context) -> str:
    def write() -> set[UUID]:
        with postgres.transaction() as conn:
            return lifecycle.release(conn, [context.lease], AFTER_OUTAGE)

    return "released" if _patiently(write) else "lease-lost"


def _patiently(ask: Callable[[], Answer], until: Callable[[], bool] = lambda: False) -> Answer:
    """Ask Postgres until it answers: who holds a message or a result has nothing better to do.

    Raises Unavailable once `until` holds.
    """
    pause = PAUSE
    while not until():
        try:
            return ask()
        except Unavailable:
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)
    raise Unavailable
