"""Keeps children running: started group by group, restarted when they die, stopped in reverse."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic
from typing import Protocol

from lib.emulator.console import Console
from lib.emulator.service import StartError
from lib.emulator.stores.server import StoreError

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 30.0  # having run so long, the next death counts as the first
LOOK_SECONDS = 0.1


class Child(Protocol):
    """An embedded store or a service."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""

    def start(self) -> None:
        """Start it and return when it is ready."""

    def stop(self) -> None:
        """Stop it gracefully."""


class Supervisor:
    """Everything that was started, until `stopping` is set by a signal."""

    def __init__(self, console: Console, stopping: Event) -> None:
        self._console = console
        self._stopping = stopping
        self._groups: list[Sequence[Child]] = []

    def start(self, group: Sequence[Child]) -> None:
        """Start children at the same time, and return when all are ready.

        Raises StartError or StoreError when one does not come up.
        """
        self._groups.append(group)
        _all_at_once("start", group)

    def keep_running(self) -> None:
        """Restart whatever dies, and return when `stopping` is set."""
        children = [child for group in self._groups for child in group]
        keepers = [Thread(target=self._keep, args=(child,)) for child in children]
        for keeper in keepers:
            keeper.start()
        for keeper in keepers:
            keeper.join()

    def stop(self) -> None:
        """Stop every group, the last one first."""
        for group in reversed(self._groups):
            _all_at_once("stop", group)

    def _keep(self, child: Child) -> None:
        pause, since = FIRST_PAUSE_SECONDS, monotonic()
        while not self._stopping.wait(LOOK_SECONDS):
            if child.pid:
                continue
            if monotonic() - since > STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._console.say(f"{child.name} died; starting it again in {pause:.0f} s")
            if self._stopping.wait(pause):
                return
            self._start_again(child)
            pause, since = min(pause * 2, LONGEST_PAUSE_SECONDS), monotonic()

    def _start_again(self, child: Child) -> None:
        try:
            child.start()
        except (StartError, StoreError) as error:
            self._console.say(str(error))
        else:
            self._console.say(f"{child.name} runs again")


def _all_at_once(action: str, group: Sequence[Child]) -> None:
    if group:
        with ThreadPoolExecutor(max_workers=len(group)) as pool:
            list(pool.map(lambda child: getattr(child, action)(), group))
