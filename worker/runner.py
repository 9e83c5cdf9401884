"""One message, one job: claim it, run its handler, write down how it ended."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from marshmallow import ValidationError

from lib import logs
from lib.bridge import queue
from lib.errors import AppError, Unavailable
from lib.input import parse
from lib.jobs import lifecycle
from lib.jobs.lifecycle import Row, Success
from lib.stores import postgres
from worker.batches import Batches
from worker.context import Context, LeaseLost
from worker.heartbeat import Running
from worker.kinds import Kind, PermanentFailure

MAX_RESULT = 64 * 1024  # bytes of JSON
MAX_ERROR = 2000  # characters
AFTER_OUTAGE = 2.0  # seconds until a job that ran into an outage is due again
PAUSE, MAX_PAUSE = 0.2, 2.0  # seconds between two attempts at Postgres

Answer = TypeVar("Answer")


class Runner:
    """Runs jobs of the known kinds; `stopping` says whether to leave new ones to others."""

    def __init__(
        self, name: str, known: Mapping[str, Kind], running: Running, stopping: Callable[[], bool]
    ) -> None:
        self._name = name
        self._known = known
        self._running = running
        self._stopping = stopping
        self._claim = Batches(self._claim_all)
        self._succeed = Batches(_succeed_all)

    def run(self, job_id: UUID) -> None:
        """Run a job, unless it is somebody else's, not due, or gone."""
        try:
            job = _patiently(lambda: self._claim(job_id), until=self._stopping)
        except Unavailable:  # stopping: another worker will take it
            queue.push([job_id])
            return
        if job:
            self._attempt(job, self._known[job["kind"]])

    def _attempt(self, job: Row, kind: Kind) -> None:
        logs.request_id.set(job["request_id"])
        context, started = Context(job, job["payload"], kind.timeout), perf_counter()
        self._running.add(context)
        try:
            outcome = self._outcome(context, kind)
        finally:
            self._running.remove(context)
        ms = round((perf_counter() - started) * 1000, 1)
        logs.info(
            "job.ended", job_id=job["id"], kind=kind.name, attempt=job["attempt"], outcome=outcome,
            ms=ms,
        )  # fmt: skip

    def _outcome(self, context: Context, kind: Kind) -> str:
        try:
            context.payload = _validated(kind, context.payload)
            result = _checked(kind.handler(context))
            success = Success(context.lease, result, context.made)
            return "succeeded" if _patiently(lambda: self._succeed(success)) else "lease-lost"
        except LeaseLost:
            return "lease-lost"
        except Unavailable as error:
            if postgres.is_outage(error):
                return _give_back(context)
            return _fail(context, str(error), final=False)
        except AppError as error:
            return _fail(context, str(error), final=isinstance(error, PermanentFailure))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a handler does
            logs.exception("job.raised", job_id=context.job_id, kind=kind.name)
            # Only the kind of error is shown: its text may hold what a driver says.
            reason = f"The job stopped with an unexpected error ({type(error).__name__})."
            return _fail(context, reason, final=False)

    def _claim_all(self, job_ids: Sequence[UUID]) -> list[Row | None]:
        with postgres.transaction() as conn:
            rows = lifecycle.claim(conn, job_ids, worker=self._name, kinds=list(self._known))
        claimed = {row["id"]: row for row in rows}
        return [claimed.pop(job_id, None) for job_id in job_ids]  # the same one twice: one run


def _succeed_all(successes: Sequence[Success]) -> list[bool]:
    with postgres.transaction() as conn:
        ended = lifecycle.succeed(conn, successes)
    return [success.lease.job_id in ended for success in successes]


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


def _validated(kind: Kind, payload: dict[str, Any]) -> dict[str, Any]:
    try:
        return kind.payload().load(payload)
    except ValidationError:
        raise PermanentFailure("This worker does not understand the payload.") from None


def _checked(result: dict[str, Any] | None) -> dict[str, Any] | None:
    text = json.dumps(result)
    if len(text) > MAX_RESULT:
        raise PermanentFailure(f"The result of this job is larger than {MAX_RESULT} bytes.")
    return parse(text, "result")


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
