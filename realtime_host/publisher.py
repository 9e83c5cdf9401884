"""What this host tells the others: many messages in one trip to Redis, off every other thread."""

from __future__ import annotations

from collections import deque
from threading import Condition, Thread

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message
from lib.bridge.rooms import CURSORS_SHOWN
from lib.errors import Unavailable
from lib.stores import redis
from realtime_host import limits

BATCH = 500  # messages in one trip

Cursor = tuple[str, str, str]  # its project and person, and the event as JSON


class Publisher:
    """One thread. While Redis is away, messages that must not be lost wait; cursors do not.

    Every message carries the host's id, by which the host knows its own when they come back.
    """

    def __init__(self, host_id: str) -> None:
        self._host_id = host_id
        self._waiting: deque[tuple[str, Message]] = deque(maxlen=limits.OUTBOX_MESSAGES)
        self._gathered: list[Cursor] = []  # only the hub thread touches it
        self._cursors: list[Cursor] = []
        self._changed = Condition()
        self._running = True
        self._thread = Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Send what waits, if Redis is there, and end the thread."""
        with self._changed:
            self._running = False
            self._changed.notify()
        self._thread.join(2 * limits.RECONNECT_MAX)

    def publish(self, channel: str, message: Message) -> None:
        """Tell the other hosts on a channel; returns at once."""
        with self._changed:
            self._waiting.append((channel, message._replace(origin=self._host_id)))
            self._changed.notify()

    def gather(self, project_id: str, user_id: str, shown: str) -> None:
        """Tell the other hosts of a cursor with the next `flush`; called by the hub."""
        self._gathered.append((project_id, user_id, shown))

    def flush(self) -> None:
        """Have what was gathered sent; of too many, only each person's latest."""
        if not self._gathered:
            return
        with self._changed:
            self._cursors += self._gathered
            if len(self._cursors) > limits.OUTBOX_MESSAGES:
                latest = {cursor[:2]: cursor for cursor in self._cursors}
                self._cursors = list(latest.values())
            self._changed.notify()
        self._gathered = []

    def _run(self) -> None:
        while self._running or self._waiting:
            with self._changed:
                self._changed.wait_for(self._pending, limits.RECONNECT_MAX)
                cursors, self._cursors = self._cursors, []
                batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
            if self._sent(batch + self._by_room(cursors)):
                for _ in batch:
                    self._waiting.popleft()
            elif not self._redis_is_back():
                return

    def _by_room(self, cursors: list[Cursor]) -> list[tuple[str, Message]]:
        rooms: dict[str, list[tuple[str, str]]] = {}
        for project_id, user_id, shown in cursors:
            rooms.setdefault(project_id, []).append((user_id, shown))
        return [
            (keys.room(to), Message.new(CURSORS_SHOWN, {"cursors": those}, origin=self._host_id))
            for to, those in rooms.items()
        ]

    def _pending(self) -> bool:
        return bool(self._waiting or self._cursors or not self._running)

    def _redis_is_back(self) -> bool:
        # A host that listens again later asks Postgres for what it has missed.
        while self._pause(limits.RECONNECT_MIN * 5):
            try:
                redis.execute("PING")
            except Unavailable:
                continue
            return True
        return False

    def _pause(self, seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: not self._running, seconds)
        return self._running

    def _sent(self, batch: list[tuple[str, Message]]) -> bool:
        try:
            if batch:
                redis.pipeline([["PUBLISH", to, message.encode()] for to, message in batch])
        except Unavailable:
            return False
        except Exception as error:  # noqa: BLE001 - a message that can't be encoded must not stay
            logs.exception("publisher.failed", kind=type(error).__name__)
        return True
