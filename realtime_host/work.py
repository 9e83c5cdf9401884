"""Work that blocks (Postgres, mostly) on a few threads, so that the hub never waits."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from lib import logs
from lib.errors import AppError, Unavailable
from lib.files.deep import stacks
from realtime_host import limits
from realtime_host.connection import Connection
from realtime_host.hub import Hub

Done = Callable[[Any, AppError | None], None]  # the result, or what went wrong
Job = tuple[Callable[[], Any], Done]


class Work:
    """A pool; the results come back on the hub thread."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stopped = False
        self._pool = ThreadPoolExecutor(limits.WORK_THREADS, thread_name_prefix="work")

    def start(self) -> None:
        """Start the threads, whose stacks are deep: documents may be."""
        all_here = Barrier(limits.WORK_THREADS)
        with stacks():
            for waiting in [self._pool.submit(all_here.wait) for _ in range(limits.WORK_THREADS)]:
                waiting.result()

    def in_order(self, connection: Connection, job: Callable[[], Any], done: Done) -> None:
        """Run `job` after all that this connection has asked for before; called by the hub.

        Raises Unavailable when too much waits already.
        """
        if len(connection.jobs) >= limits.PENDING_EVENTS:
            raise Unavailable("Too many of your events are still being worked on.")
        connection.jobs.append((job, done))
        if not connection.working:
            self._next(connection)

    def now(self, job: Callable[[], Any], done: Done) -> None:
        """Run `job` as soon as a thread is free; never, once the host stops."""
        if not self._stopped:
            self._pool.submit(self._run, job, done)

    def stop(self) -> None:
        """Finish what has begun; what has not is dropped."""
        self._stopped = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _next(self, connection: Connection) -> None:
        connection.working = bool(connection.jobs)
        if connection.working:
            job, done = connection.jobs.popleft()

            def finish(result: Any, error: AppError | None) -> None:
                self._next(connection)
                done(result, error)

            self.now(job, finish)

    def _run(self, job: Callable[[], Any], done: Done) -> None:
        result, error = None, None
        try:
            result = job()
        except AppError as refused:
            error = refused
        except Exception as failure:  # noqa: BLE001 - the client is told, the log has the rest
            logs.exception("work.failed", kind=type(failure).__name__)
            error = AppError()
        self._hub.call(done, result, error)
