"""Group commit: what several threads ask of the database at the same time is done in one go.

Nothing waits for company: an item alone is done at once, and those that come in the meantime
form the next batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

from lib.errors import Unavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


class Batches(Generic[Item, Outcome]):
    """Calls by many threads, answered by calls with lists; `work` returns outcomes in order."""

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Outcome]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, Future[Outcome]]] = []
        self._guard = Lock()
        self._turn = Lock()

    def __call__(self, item: Item) -> Outcome:
        """Return what `work` makes of the item; raises what it raises."""
        future: Future[Outcome] = Future()
        with self._guard:
            self._waiting.append((item, future))
        with self._turn:  # those who wait here are served by the one in front
            if not future.done():
                self._run()
        return future.result()

    def _run(self) -> None:
        with self._guard:
            batch, self._waiting = self._waiting, []
        try:
            outcomes = self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            self._apart(batch, error)
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                future.set_result(outcome)

    def _apart(self, batch: list[tuple[Item, Future[Outcome]]], error: Exception) -> None:
        # One that can't be done must not take the others with it; a store that is down does.
        if len(batch) == 1 or isinstance(error, Unavailable):
            for _, future in batch:
                future.set_exception(error)
            return
        for item, future in batch:
            try:
                future.set_result(self._work([item])[0])
            except Exception as own:  # noqa: BLE001
                future.set_exception(own)
