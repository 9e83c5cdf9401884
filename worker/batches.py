"""Batches: one thread does what others hand to it, as much in one go as has come together.

Nothing waits for company: what comes alone is done at once, and what comes meanwhile is the next
batch.
"""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from lib import logs

Item = TypeVar("Item")


class Batches(Generic[Item]):
    """A queue of items, and the thread that calls `work` with up to `most` of them at a time."""

    def __init__(self, name: str, work: Callable[[list[Item]], None], most: int) -> None:
        self._work = work
        self._most = most
        self._waiting: SimpleQueue[Item | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def put(self, item: Item) -> None:
        """Hand over an item; returns at once."""
        self._waiting.put(item)

    def __len__(self) -> int:
        return self._waiting.qsize()

    def stop(self, within: float) -> None:
        """Do what waits, for at most so many seconds, and end."""
        self._waiting.put(None)
        self._thread.join(within)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, more = self._gather(first)
            try:
                self._work(batch)
            except Exception:  # noqa: BLE001 - whatever it is, the next batch may be better
                logs.exception("batch.failed", batch=self._thread.name, size=len(batch))
            if not more:
                return

    def _gather(self, first: Item) -> tuple[list[Item], bool]:
        batch = [first]
        while len(batch) < self._most:
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return batch, True
            if item is None:
                return batch, False
            batch.append(item)
        return batch, True
