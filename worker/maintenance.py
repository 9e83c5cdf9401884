"""Loops: what the worker does all the time beside its jobs, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from time import monotonic, sleep

from lib import logs
from lib.audit import delivery, indexes
from lib.errors import Unavailable
from lib.jobs import firing, sweep
from lib.webhooks import dispatch, secret_store

SWEEP_EVERY = 1.0  # seconds
FIRE_EVERY = 1.0  # seconds
MOVE_EVERY = 0.5  # seconds
DISPATCH_EVERY = 0.5  # seconds
MAX_REST = 0.5  # seconds between two batches of events, while jobs need the time
RESEAL_EVERY = 300.0  # seconds between two looks for what older keys have sealed
MAX_PAUSE = 5.0  # seconds between two attempts while a store is down


class Loop:
    """Some work, again and again; a store that is down delays it, nothing ends it."""

    def __init__(self, name: str, every: float, work: Callable[[], None]) -> None:
        self.name = name
        self.beaten = monotonic()
        self._every = every
        self._work = work
        self._stop = Event()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further round."""
        self._stop.set()

    def join(self, within: float) -> None:
        """Wait for the end of the round under way, for at most so many seconds."""
        self._thread.join(within)

    def _run(self) -> None:
        pause = self._every
        while not self._stop.wait(pause):
            try:
                self._work()
                pause = self._every
            except Unavailable:
                pause = min(2 * pause, max(MAX_PAUSE, self._every))
            except Exception:  # noqa: BLE001 - whatever it is, the next round may be better
                logs.exception("loop.failed", loop=self.name)
            self.beaten = monotonic()


def sweeper() -> Loop:
    """Return the loop that sweeps the jobs."""
    return Loop("sweep", SWEEP_EVERY, _sweep)


def scheduler() -> Loop:
    """Return the loop that fires schedules."""
    return Loop("schedules", FIRE_EVERY, _fire)


def mover(busy: Callable[[], bool], stopping: Callable[[], bool]) -> Loop:
    """Return the loop that moves the audit outbox to MongoDB.

    Where there is much to move it rests for as long as it works, while the worker is `busy`: each
    job makes events, and to move them takes longer than to run a short one.
    """
    indexed = False
    began = monotonic()

    def rest() -> bool:
        nonlocal began
        if busy():
            sleep(min(monotonic() - began, MAX_REST))
        began = monotonic()
        return not stopping()

    def move() -> None:
        nonlocal indexed, began
        if not indexed:
            indexes.ensure()
            indexed = True
        began = monotonic()
        delivery.catch_up(rest=rest)

    return Loop("audit", MOVE_EVERY, move)


def dispatcher() -> Loop:
    """Return the loop that gives out the deliveries of webhooks."""
    resealed = float("-inf")

    def give_out() -> None:
        nonlocal resealed
        if monotonic() - resealed > RESEAL_EVERY:
            resealed = monotonic()
            secret_store.reseal()
        while dispatch.dispatch() == dispatch.BATCH:
            pass

    return Loop("webhooks", DISPATCH_EVERY, give_out)


def _sweep() -> None:
    done = {name: count for name, count in sweep.sweep().items() if count}
    if done:
        logs.info("jobs.swept", **done)


def _fire() -> None:
    while sum((done := firing.fire()).values()):
        logs.info("schedules.fired", **done)
