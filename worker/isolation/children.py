"""The processes of isolated jobs, as their worker sees them: lent for one attempt, and kept warm.

Each has a pipe of its own, so that one which is killed in the middle of a word holds up no other.
They are forked from a server that has imported the handlers and nothing else: no threads, no
connections, and the memory that they share is counted once. It takes 30 MiB, so it is started with
the first job that needs it, which waits for it (half a second of processor time).
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from threading import Lock
from time import monotonic

from lib import logs
from worker.attempt import Ending, timed_out
from worker.context import Context, Stop
from worker.isolation import child, wire
from worker.isolation.wire import Garbled

START_WITHIN = 30.0  # seconds for a process to be ready, from its very first import
LOOK_EVERY = 0.1  # seconds between two looks at whether an attempt has to stop
JOBS_EACH = 100  # after which a process ends, with what handlers left behind in it
DEAD_WITHIN = 5.0  # seconds for the system to bury a process

_PRELOADED = ["worker.isolation.preloaded"]


class Child:
    """One process, which runs one job at a time."""

    def __init__(self, memory: int) -> None:
        spawning = get_context("forkserver")
        spawning.set_forkserver_preload(_PRELOADED)
        self._link, theirs = spawning.Pipe()
        self.process = spawning.Process(target=child.main, args=(theirs, memory), daemon=True)
        self.jobs = 0
        try:
            self.process.start()
        finally:
            theirs.close()

    def ready(self) -> bool:
        """Wait until it can take a job; False when it can not be started."""
        with suppress(EOFError, OSError, Garbled):
            return self._link.poll(START_WITHIN) and wire.receive(self._link) == child.READY
        return False

    def run(self, context: Context, grace: float) -> Ending:
        """Have it run an attempt, and return how that ended: killed, if need be."""
        self.jobs += 1
        told: tuple[Stop, float] | None = None  # why it has to stop, and until when
        try:
            wire.send(self._link, wire.job(context.row, context.ends - monotonic()))
            while not wait([self._link], LOOK_EVERY):
                if context.stopped and (told is None or told[0] != context.stopped):
                    told = context.stopped, told[1] if told else monotonic() + grace
                    wire.send(self._link, wire.stop(context.stopped))
                if monotonic() > context.ends:
                    return self._killed(timed_out(context))
                if told and monotonic() > told[1]:
                    return self._killed(Ending(told[0]))
            return wire.receive_ending(self._link)
        except (EOFError, OSError, Garbled):
            return self._died()

    def kill(self) -> None:
        """End it now, if it has not ended."""
        with suppress(OSError):
            self.process.kill()
        self.process.join(DEAD_WITHIN)
        self._link.close()

    def _killed(self, ending: Ending) -> Ending:
        self.kill()
        return ending

    def _died(self) -> Ending:
        self.process.join(LOOK_EVERY)
        code = self.process.exitcode
        self.kill()
        return Ending("failed", error=f"The process of the job ended: {_said(code)}.")


class Children:
    """The processes that wait for their next job, and those at work."""

    def __init__(self, memory: int, grace: float, keep: Callable[[], bool]) -> None:
        self._memory = memory
        self._grace = grace
        self._keep = keep
        self._idle: list[Child] = []
        self._all: set[Child] = set()
        self._guard = Lock()

    def run(self, context: Context) -> Ending:
        """Run an attempt in a process, and return how that ended."""
        lent = self._lend()
        if lent is None:
            return Ending("failed", error="The process of the job could not be started.")
        try:
            return lent.run(context, self._grace)
        finally:
            self._take_back(lent)

    def stop(self) -> None:
        """Kill all of them."""
        with self._guard:
            everyone, self._all, self._idle = self._all, set(), []
        for each in everyone:
            with suppress(OSError):
                each.process.kill()

    def __len__(self) -> int:
        return len(self._all)

    def _lend(self) -> Child | None:
        while True:
            with self._guard:
                if not self._idle:
                    break
                found = self._idle.pop()
            if found.process.is_alive():
                return found
            self._forget(found)
        return self._start()

    def _start(self) -> Child | None:
        try:
            new = Child(self._memory)
        except (OSError, EOFError) as error:  # no memory, too many processes
            logs.warning("child.failed", reason=type(error).__name__)
            return None
        with self._guard:
            self._all.add(new)
        if new.ready():
            return new
        logs.warning("child.failed", exit=new.process.exitcode)
        self._forget(new)
        return None

    def _take_back(self, lent: Child) -> None:
        if lent.jobs < JOBS_EACH and lent.process.is_alive() and self._keep():
            with self._guard:
                self._idle.append(lent)
        else:
            self._forget(lent)

    def _forget(self, gone: Child) -> None:
        with self._guard:
            self._all.discard(gone)
        gone.kill()


def _said(code: int | None) -> str:
    if code is None:
        return "it broke off"
    if code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit status {code}"
