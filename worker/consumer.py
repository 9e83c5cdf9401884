"""huey's consumer, with the signals of a container: SIGTERM lets jobs finish, for a while."""

from __future__ import annotations

import signal

from huey.consumer import Consumer as HueyConsumer

from worker.queue import Queue

MAX_DELAY = 1.0  # seconds between two attempts at a Redis that is down


class Consumer(HueyConsumer):
    """The threads that take messages; ended by SIGTERM in peace, by SIGINT or a second one now."""

    def __init__(self, queue: Queue, threads: int, drain: float) -> None:
        super().__init__(
            queue,
            workers=threads,
            periodic=False,
            max_delay=MAX_DELAY,
            shutdown_timeout=drain,
            graceful_signal="TERM",
        )
        self._signal_actions.pop(signal.SIGHUP, None)  # it would start another program

    def stopping(self) -> bool:
        """Return whether it was told to stop."""
        return self._signum is not None or self.stop_flag.is_set()

    def stuck(self) -> bool:
        """Return whether a thread has died and was not replaced yet."""
        return not all(thread.is_alive() for _, thread in self.worker_threads)
