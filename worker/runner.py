"""One message, one job: claim it, run its handler, write down how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TypeVar
from uuid import UUID

from lib import logs
from lib.bridge import queue
from lib.errors import Unavailable
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Lease, Row, Success
from lib.stores import postgres
from worker import attempt
from worker.attempt import Ending
from worker.batches import Batches
from worker.context import Context
from worker.figures import Figures
from worker.heartbeat import Running
from worker.isolation.children import Children
from worker.kinds import Kind
from worker.pace import Pace

MAX_FINISHED = 600  # jobs whose success is written in one transaction
AFTER_OUTAGE = 2.0  # seconds until a job that ran into an outage is due again
PAUSE, MAX_PAUSE = 0.2, 2.0  # seconds between two attempts at Postgres

Answer = TypeVar("Answer")
Finished = tuple[Context, Ending]


class Runner:
    """Runs jobs of the known kinds; `stopping` says whether to leave new ones to others."""

    def __init__(
        self,
        name: str,
        known: Mapping[str, Kind],
        running: Running,
        pace: Pace,
        children: Children,
        figures: Figures,
        stopping: Callable[[], bool],
    ) -> None:
        self._name = name
        self._known = known
        self._running = running
        self._pace = pace
        self._children = children
        self._figures = figures
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
        with postgres.at_once() as conn:
            rows = lifecycle.claim(
                conn, job_ids, worker=self._name, kinds=list(self._known), spare=len(job_ids) > 1
            )
        self._figures.claimed(row.pop("waited") for row in rows)
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
            with postgres.at_once() as conn:
                lifecycle.release(conn, leases)
                conn.after_commit(partial(queue.push, unclaimed))

    def _attempt(self, job: Row, kind: Kind) -> None:
        context, started = Context(job, kind.timeout), perf_counter()
        logs.request_id.set(context.request_id)
        self._running.add(context)
        ending = self._run(kind, context)
        context.finished = True
        if ending.how == "succeeded":
            self.finisher.put((context, ending))
        else:
            self._settle(context, ending)
        self._pace.took(perf_counter() - started)

    def _run(self, kind: Kind, context: Context) -> Ending:
        if not kind.isolated:
            return attempt.run(kind, context)
        try:
            return self._children.run(context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must not stay in hand
            return attempt.failed(kind, context, error)

    def _finish(self, finished: list[Finished]) -> None:
        try:
            ended = _patiently(lambda: _succeed(finished))
        except Exception as error:  # noqa: BLE001 - one that can't be stored takes none with it
            if len(finished) == 1:
                context, _ = finished[0]
                failed = attempt.failed(self._known[context.kind], context, error)
                self._settle(context, failed)
                return
            for each in finished:
                self._finish([each])
            return
        self._running.remove(context for context, _ in finished)
        for context, _ in finished:
            self._end(context, "succeeded" if context.job_id in ended else "lease-lost")

    def _settle(self, context: Context, ending: Ending) -> None:
        kind = self._known[context.kind]
        outcome = _patiently(lambda: _write(context, ending, kind))
        self._running.remove([context])
        self._end(context, outcome or "lease-lost")

    def _end(self, context: Context, outcome: str) -> None:
        self._figures.end(context.kind, outcome, context.age_ms() / 1000)
        logs.info(
            "job.ended",
            request_id=context.request_id,
            job_id=context.job_id,
            kind=context.kind,
            attempt=context.attempt,
            outcome=outcome,
            ms=context.age_ms(),
        )


def _succeed(finished: list[Finished]) -> set[UUID]:
    successes = [
        Success(context.lease, ending.result, ending.artifact) for context, ending in finished
    ]
    files = any(success.artifact for success in successes)
    with postgres.transaction() if files else postgres.at_once() as conn:
        return lifecycle.succeed(conn, successes)


def _write(context: Context, ending: Ending, kind: Kind) -> str | None:
    """Write down what is no success; return what became of the job, None if it is not ours."""
    if ending.how == "lease-lost":
        return None
    with postgres.at_once() as conn:
        if ending.how == "released":
            return "released" if lifecycle.release(conn, [context.lease], AFTER_OUTAGE) else None
        if ending.how == "cancelled":
            return "cancelled" if lifecycle.cancel(conn, [context.lease]) else None
        return lifecycle.fail(
            conn,
            context.lease,
            kind.tries(context.row),
            ending.error,
            final=ending.final,
            outcome=ending.how,
            digest=ending.digest,
            backoff=kind.backoff,
        )


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
