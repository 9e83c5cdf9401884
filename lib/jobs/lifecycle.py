"""A job's way through a worker: claimed by lease, renewed, ended; at least once, one at a time.

Attempts are counted when a job is claimed, so that one which kills its worker comes to an end too.
Every write after that carries the lease's token: a worker that lost its lease writes nothing.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lib.bridge import queue
from lib.config import settings
from lib.errors import Archived
from lib.jobs import artifacts, claim_queries, ending_queries, lease_queries
from lib.jobs.artifacts import Artifact
from lib.jobs.telling import pass_on, show_progress

if TYPE_CHECKING:
    from lib.stores.connection import Connection

MAX_RETRY_DELAY = 900  # seconds
CANCELLED = "The job was cancelled while it ran."

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to run a job: whoever holds the token may write, until another is made."""

    job_id: UUID
    token: UUID

    @property
    def pair(self) -> tuple[UUID, UUID]:
        """The two as the queries take them."""
        return self.job_id, self.token


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait for the next attempt, at most: at first, and ever; in seconds.

    The first is JOB_RETRY_DELAY unless given.
    """

    first: float | None = None
    longest: float = MAX_RETRY_DELAY


PATIENT = Backoff()


@dataclass(frozen=True, slots=True)
class Success:
    """What a job that succeeded leaves: a JSON object or nothing, a file or nothing."""

    lease: Lease
    result: Row | None
    artifact: Artifact | None


def claim(
    conn: Connection,
    job_ids: Sequence[UUID],
    *,
    worker: str,
    kinds: Sequence[str],
    spare: bool = False,
) -> list[Row]:
    """Take those of these jobs that wait, are due, and of a kind in `kinds`; return their rows.

    A row holds the job and its `lease_token`. `spare` leaves out those on their last attempt.
    """
    rows = claim_queries.claim(
        conn, job_ids, worker=worker, kinds=kinds, lease=settings().job_lease, spare=spare
    )
    pass_on(conn, rows)
    return rows


def renew(conn: Connection, leases: Sequence[Lease]) -> set[UUID]:
    """Extend leases; return the ids of the jobs whose lease still holds."""
    return lease_queries.renew(conn, [lease.pair for lease in leases], settings().job_lease)


def progress(conn: Connection, lease: Lease, percent: int, message: str) -> bool:
    """Say how far a job has come; False when the lease is lost."""
    row = lease_queries.set_progress(conn, *lease.pair, percent, message)
    if row:
        show_progress(conn, row)
    return row is not None


def hold(conn: Connection, lease: Lease) -> bool:
    """Keep the lease from being taken until the commit; False when it is lost already.

    Raises Archived where nothing may be written any more.
    """
    held = lease_queries.lock(conn, *lease.pair)
    if held and held["archived"]:
        raise Archived
    return held is not None


def succeed(conn: Connection, successes: Sequence[Success]) -> set[UUID]:
    """End jobs well, and keep what they made; return the ids of those whose lease still held.

    One statement, which may commit by itself, unless a job made a file.
    """
    leases = [success.lease.pair for success in successes]
    if any(success.artifact for success in successes):
        held = ending_queries.hold(conn, leases)
        for success in successes:
            if success.artifact and success.lease.job_id in held:
                artifacts.keep(conn, success.lease.job_id, success.artifact)
    rows = ending_queries.succeed(conn, leases, [success.result for success in successes])
    pass_on(conn, rows)
    return {row["id"] for row in rows}


def fail(
    conn: Connection,
    lease: Lease,
    tries: int,
    error: str,
    *,
    final: bool,
    outcome: str = "failed",
    digest: str | None = None,
    backoff: Backoff = PATIENT,
) -> str | None:
    """End an attempt badly: another follows, unless it was the last one allowed or `final`.

    It was the so many-th of the present round, `tries`. `outcome` is `failed` or `timed-out`;
    `digest` tells failures of one sort from others. Returns the job's new state, which is
    `cancelled` where somebody asked for that; None when the lease was lost.
    """
    delay = retry_delay(tries, backoff)
    row = ending_queries.fail(
        conn, lease.pair, error, delay=delay, final=final, outcome=outcome, digest=digest
    )
    if row is None:
        return None
    pass_on(conn, [row])
    return row["state"]


def asked_to_stop(conn: Connection, leases: Sequence[Lease]) -> set[UUID]:
    """Return the ids of those of these jobs that somebody asked to be cancelled."""
    return lease_queries.asked_to_stop(conn, [lease.pair for lease in leases])


def cancel(conn: Connection, leases: Sequence[Lease]) -> set[UUID]:
    """End those of these jobs that somebody asked to be cancelled; return their ids."""
    rows = ending_queries.cancel(conn, [lease.pair for lease in leases], CANCELLED)
    pass_on(conn, rows)
    return {row["id"] for row in rows}


def release(conn: Connection, leases: Sequence[Lease], delay: float = 0) -> set[UUID]:
    """Give jobs back, due in `delay` seconds, without counting the attempt; return their ids.

    Those that somebody asked to be cancelled end instead.
    """
    rows = claim_queries.release(conn, [lease.pair for lease in leases], delay, CANCELLED)
    pass_on(conn, rows)
    released = [row for row in rows if row["state"] != "cancelled"]
    if released and not delay:
        conn.after_commit(partial(queue.push_rows, released))
    return {row["id"] for row in rows}


def retry_delay(tries: int, backoff: Backoff = PATIENT) -> float:
    """Return how many seconds to wait after so many failed attempts: exponential, full jitter.

    Jobs that failed together spread over the whole time, so that they don't come back together
    (Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015).
    """
    first = settings().job_retry_delay if backoff.first is None else backoff.first
    longest = min(backoff.longest, first * 2 ** (tries - 1))
    return random.uniform(0, longest)
