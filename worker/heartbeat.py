"""The heartbeat: one thread that renews the leases of all jobs that this process runs."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock
from time import monotonic
from uuid import UUID

from lib import logs
from lib.jobs import lifecycle
from lib.stores import postgres
from worker.context import Context

BEATS_PER_LEASE = 3  # two may be missed


class Running:
    """The attempts that this process has under way."""

    def __init__(self) -> None:
        self._contexts: dict[UUID, Context] = {}
        self._guard = Lock()

    def __len__(self) -> int:
        return len(self._contexts)

    def add(self, context: Context) -> None:
        """Renew this attempt's lease from now on."""
        with self._guard:
            self._contexts[context.lease.token] = context

    def remove(self, contexts: Iterable[Context]) -> None:
        """Renew these no longer."""
        with self._guard:
            for context in contexts:
                self._contexts.pop(context.lease.token, None)

    def all(self) -> list[Context]:
        """Return the attempts under way."""
        with self._guard:
            return list(self._contexts.values())

    def stuck(self) -> int:
        """Return how many handlers go on although their job was taken from them."""
        return sum(c.stopped == "lease-lost" and not c.finished for c in self.all())

    def beat(self) -> None:
        """Renew every lease, but not of a handler past its time: if all else fails, it ends so.

        Raises Unavailable while Postgres does not answer.
        """
        ours = [c for c in self.all() if c.stopped != "lease-lost"]
        in_time = [c for c in ours if c.finished or c.ends > monotonic()]
        if not in_time:
            return
        with postgres.transaction() as conn:
            held = lifecycle.renew(conn, [context.lease for context in in_time])
        self._lose(context for context in in_time if context.job_id not in held)

    def release(self) -> int:
        """Give every job back without charging the attempt; return how many."""
        contexts = self.all()
        if not contexts:
            return 0
        with postgres.at_once() as conn:
            released = lifecycle.release(conn, [context.lease for context in contexts])
        self._lose(contexts)
        return len(released)

    def _lose(self, contexts: Iterable[Context]) -> None:
        for context in contexts:
            context.stop("lease-lost")
            if context.lease.token in self._contexts:
                logs.warning("job.lease-lost", job_id=context.job_id)
