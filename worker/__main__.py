"""`python -m worker`: take jobs from the queue and run them, until SIGTERM."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from time import monotonic
from types import FrameType
from typing import Any, NoReturn

from lib import logs
from lib.audit import delivery
from lib.bridge import rooms
from lib.config import ConfigError, settings
from lib.errors import Unavailable
from lib.stores import mongo, postgres, redis
from worker import health, kinds, maintenance, queue, smtp, tasks
from worker.consumer import Consumer
from worker.heartbeat import BEATS_PER_LEASE, Running
from worker.kinds import Kind
from worker.maintenance import Loop
from worker.pace import Pace
from worker.publisher import Publisher
from worker.runner import Runner

# To Postgres, beside one per thread: the loops', of which the log's has two, and the finisher's.
SPARE_CONNECTIONS = 7
RETRY_EVERY = 1.0  # seconds between two attempts to announce the kinds
STUCK_AFTER = 60.0  # seconds without a turn of some loop
FLUSH_TIME = 2.0  # seconds to write the last successes, and to send the last announcements
MAX_IDLE = 0.5  # seconds that a job which was taken may wait for a thread
IDLE_EVERY = 0.25  # seconds between two looks at that


class Worker:
    """One process: the consumer's threads, and the loops beside them."""

    def __init__(self, known: Mapping[str, Kind]) -> None:
        self._known = known
        self._running = Running()
        self._publisher = Publisher()
        self._queue = queue.connect(settings().redis_url)
        self._consumer = Consumer(
            self._queue, settings().worker_concurrency, settings().worker_drain
        )
        name = f"{socket.gethostname()}-{os.getpid()}"
        pace = Pace(settings().worker_concurrency)
        self._runner = Runner(name, known, self._running, pace, self._consumer.stopping)
        tasks.register(self._queue, self._runner.run)
        self._queue.take_ahead(pace.ahead, self._runner.claim)
        beat = Loop("heartbeat", settings().job_lease / BEATS_PER_LEASE, self._running.beat)
        idle = Loop("idle", IDLE_EVERY, lambda: self._give_back(MAX_IDLE))
        self._loops = [beat, idle, maintenance.sweeper(), maintenance.scheduler()]
        self._loops += [maintenance.mover(), maintenance.dispatcher()]

    def run(self) -> None:
        """Work until told to stop, then let jobs finish, and give back those that don't."""
        server = health.serve(settings().host, settings().worker_port, self._state)
        rooms.use(self._publisher)
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
        return not late, {"running": len(self._running), "late": late, "audit": _lag()}


def main() -> int:
    """Run a worker with the settings of the environment; return the exit status."""
    signal.signal(signal.SIGTERM, _leave)
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


def _lag() -> dict[str, Any] | None:
    try:
        return delivery.lag()
    except Unavailable:
        return None


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)  # nothing is in hand yet


if __name__ == "__main__":
    sys.exit(main())
