"""The watch: attempts past their time, and those that somebody asked to be cancelled.

An isolated handler is killed by whoever waits for it. One on a thread can't be stopped: it is told
to, and when it does not listen its lease is taken from it, so that what it still comes to is
refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from uuid import UUID

from lib import logs
from lib.jobs import lifecycle
from lib.stores import postgres
from worker.attempt import timed_out
from worker.context import Context
from worker.heartbeat import Running
from worker.kinds import Kind

WATCH_EVERY = 0.5  # seconds; so soon a running job hears that it is cancelled
SETTLED = 0.25  # seconds that an attempt lasts before anybody asks about it: most are over by then


class Watch:
    """Looks after the attempts of a process; `grace` is how many seconds one has to stop."""

    def __init__(self, running: Running, known: Mapping[str, Kind], grace: float) -> None:
        self._running = running
        self._known = known
        self._grace = grace
        self._told: dict[UUID, float] = {}  # when attempts were told to stop, by their token

    def look(self) -> None:
        """Look once; raises Unavailable while Postgres does not answer."""
        under_way = [c for c in self._running.all() if not c.finished and c.stopped != "lease-lost"]
        self._tell([c for c in under_way if not c.stopped and c.age_ms() > SETTLED * 1000])
        on_threads = [c for c in under_way if not self._known[c.kind].isolated]
        self._cancel([c for c in on_threads if self._deaf(c)])
        for context in on_threads:
            if monotonic() > context.ends + WATCH_EVERY:
                self._end(context)
        tokens = {context.lease.token for context in under_way}
        self._told = {token: at for token, at in self._told.items() if token in tokens}

    def _tell(self, contexts: list[Context]) -> None:
        if not contexts:
            return
        with postgres.connection() as conn:
            asked = lifecycle.asked_to_stop(conn, [context.lease for context in contexts])
        for context in contexts:
            if context.job_id in asked:
                self._told[context.lease.token] = monotonic()
                context.stop("cancelled")

    def _deaf(self, context: Context) -> bool:
        told = self._told.get(context.lease.token)
        return told is not None and monotonic() > told + self._grace

    def _cancel(self, contexts: list[Context]) -> None:
        if contexts:
            with postgres.at_once() as conn:
                lifecycle.cancel(conn, [context.lease for context in contexts])
            self._take(contexts, "cancelled")

    def _end(self, context: Context) -> None:
        ending, kind = timed_out(context), self._known[context.kind]
        with postgres.at_once() as conn:
            lifecycle.fail(
                conn,
                context.lease,
                kind.tries(context.row),
                ending.error,
                final=False,
                outcome="timed-out",
                backoff=kind.backoff,
            )
        self._take([context], "timed-out")

    def _take(self, contexts: list[Context], why: str) -> None:
        for context in contexts:
            context.stop("lease-lost")
            logs.warning("job.abandoned", job_id=context.job_id, kind=context.kind, reason=why)
