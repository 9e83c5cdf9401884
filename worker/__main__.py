"""`python -m worker`: take jobs from the queue and run them, until SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from ctypes import CDLL
from time import monotonic
from types import FrameType
from typing import Any, NoReturn

from lib import logs
from lib.bridge import rooms
from lib.config import ConfigError, settings
from lib.errors import Unavailable
from lib.stores import mongo, postgres, redis
from worker import health, kinds, maintenance, metrics, queue, smtp
from worker.consumer import Consumer
from worker.figures import Figures
from worker.heartbeat import BEATS_PER_LEASE, Running
from worker.isolation.children import Children
from worker.kinds import Kind
from worker.maintenance import Loop
from worker.pace import Pace
from worker.publisher import Publisher
from worker.runner import Runner
from worker.watch import WATCH_EVERY, Watch

# To Postgres, beside one per thread: the loops', of which the log's has two, and the finisher's.
SPARE_CONNECTIONS = 8
RETRY_EVERY = 1.0  # seconds between two attempts to announce the kinds
STUCK_AFTER = 60.0  # seconds without a turn of some loop
FLUSH_TIME = 2.0  # seconds to write the last successes, and to send the last announcements
MAX_IDLE = 0.5  # seconds that a job which was taken may wait for a thread
IDLE_EVERY = 0.25  # seconds between two looks at that
TURN = 0.0005  # seconds of a busy thread; with Python's own 5 ms, a claim waits for several of them
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD, M_ARENA_MAX = -1, -3, -8  # of mallopt(3)
LARGE = 128 * 1024  # bytes, as glibc begins with
MEGABYTE = 1024 * 1024  # bytes


class Worker:
    """One process: the consumer's threads, and the loops beside them."""

    def __init__(self, known: Mapping[str, Kind]) -> None:
        self._known = known
        self._running = Running()
        self._publisher = Publisher()
        self._queue = queue.connect(settings().redis_url, settings().worker_concurrency)
        self._consumer = Consumer(
            self._queue, settings().worker_concurrency, settings().worker_drain
        )
        name = f"{socket.gethostname()}-{os.getpid()}"
        pace = Pace(settings().worker_concurrency)
        stopping = self._consumer.stopping
        self._children = Children(
            settings().worker_memory_limit * MEGABYTE,
            settings().job_cancel_grace,
            keep=lambda: not stopping(),
        )
        self._figures = Figures()
        self._runner = Runner(
            name, known, self._running, pace, self._children, self._figures, stopping
        )
        self._queue.run_with(self._runner.run)
        self._queue.take_ahead(pace.ahead, self._runner.claim)
        beat = Loop("heartbeat", settings().job_lease / BEATS_PER_LEASE, self._running.beat)
        idle = Loop("idle", IDLE_EVERY, lambda: self._give_back(MAX_IDLE))
        watch = Loop(
            "watch", WATCH_EVERY, Watch(self._running, known, settings().job_cancel_grace).look
        )
        self._loops = [beat, idle, watch, maintenance.sweeper(), maintenance.scheduler()]
        self._loops.append(maintenance.dispatcher())
        if settings().mongo_uri:  # without a log store, events wait in Postgres
            self._loops.append(
                maintenance.mover(lambda: len(self._running) > 0 and pace.ahead() > 1, stopping)
            )

    def run(self) -> None:
        """Work until told to stop, then let jobs finish, and give back those that don't."""
        try:
            self._work()
        finally:
            self._children.stop()

    def _work(self) -> None:
        server = health.serve(settings().host, settings().worker_port, self._state, self._metrics)
        rooms.use(self._publisher, self._publisher.send)
        self._announce()
        self._publisher.start()
        self._runner.finisher.start()
        for loop in self._loops:
            loop.start()
        logs.info("worker.started", kinds=sorted(self._known), threads=self._consumer.workers)
        self._consumer.run()
        self._runner.finisher.stop(FLUSH_TIME)
        for loop in self._loops:
            loop.stop()
        for loop in self._loops:
            loop.join(FLUSH_TIME)
        logs.info("worker.stopped", released=self._release())
        self._publisher.stop(FLUSH_TIME)
        server.shutdown()

    def _announce(self) -> None:
        while True:
            try:
                with postgres.transaction() as conn:
                    return kinds.announce(conn, self._known)
            except Unavailable:
                time.sleep(RETRY_EVERY)

    def _release(self) -> int:
        try:
            self._give_back(0)
            return self._running.release()
        except Unavailable:  # the sweep takes them over when their leases end
            return 0

    def _give_back(self, after: float) -> None:
        taken = self._queue.give_up(after)
        try:
            self._runner.give_back(taken)
        except Unavailable:
            self._queue.keep(taken)
            raise

    def _state(self) -> tuple[bool, dict[str, Any]]:
        late = [loop.name for loop in self._loops if monotonic() - loop.beaten > STUCK_AFTER]
        able = self._running.stuck() < settings().worker_concurrency
        return able and not late, {"running": len(self._running), "late": late}

    def _metrics(self) -> str:
        now = {"running": len(self._running), "stuck": self._running.stuck()}
        return metrics.text(self._figures, now | {"processes": len(self._children)})


def main() -> int:
    """Run a worker with the settings of the environment; return the exit status."""
    signal.signal(signal.SIGTERM, _leave)
    _save_memory()
    sys.setswitchinterval(TURN)
    try:
        logs.configure(settings().log_level)
        smtp.check()
        redis.use_tcp()
        postgres.pool_size(settings().worker_concurrency + SPARE_CONNECTIONS)
        Worker(kinds.discover(settings().worker_handlers)).run()
    except (ConfigError, ImportError, OSError, ValueError) as error:
        print(f"The worker can't start: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        postgres.close()
        mongo.close()
    return 0


def _save_memory() -> None:
    # One heap for all threads: they take turns anyway, and glibc would give each its own. What is
    # large goes back at once: glibc would keep ever more of it, once it has seen a claim of many.
    with suppress(OSError, AttributeError):
        libc = CDLL(None)
        for option, value in (
            (M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, LARGE), (M_TRIM_THRESHOLD, LARGE),
        ):  # fmt: skip
            libc.mallopt(option, value)


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)  # nothing is in hand yet


if __name__ == "__main__":
    sys.exit(main())
