"""Announcements to rooms, sent by one thread, many in a round trip: jobs don't wait for Redis."""

from __future__ import annotations

from queue import Empty, SimpleQueue
from threading import Thread

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message
from lib.errors import Unavailable
from lib.stores import redis

MAX_BATCH = 200  # messages
MAX_WAITING = 10_000  # messages; beyond that they are dropped, as they are while Redis is down


class Publisher:
    """A queue of announcements; what can't be sent is dropped: listeners catch up by REST."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[list[str] | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self, within: float) -> None:
        """Send what waits, for at most so many seconds, and end."""
        self._waiting.put(None)
        self._thread.join(within)

    def __call__(self, project_id: str, message: Message) -> None:
        """Send `message` to the room of a project, soon."""
        if self._waiting.qsize() < MAX_WAITING:
            self._waiting.put(["PUBLISH", keys.room(project_id), message.encode()])

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            commands, more = self._gather(first)
            try:
                redis.pipeline(commands)
            except Unavailable as error:
                logs.warning("announcements.dropped", count=len(commands), reason=str(error))
            if not more:
                return

    def _gather(self, first: list[str]) -> tuple[list[list[str]], bool]:
        commands = [first]
        while len(commands) < MAX_BATCH:
            try:
                command = self._waiting.get_nowait()
            except Empty:
                return commands, True
            if command is None:
                return commands, False
            commands.append(command)
        return commands, True
