"""Announcements to rooms, many in one round trip: jobs don't wait for Redis."""

from __future__ import annotations

from itertools import chain
from threading import Lock

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message
from lib.bridge.rooms import Logged
from lib.errors import Unavailable
from lib.stores import redis
from worker.batches import Batches

AT_ONCE = 20  # calls whose messages go in one round trip
# One command for all of them: each by itself costs more here than the rest of its job.
SCRIPT = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"
MAX_WAITING = 10_000  # messages; beyond that they are dropped, as they are while Redis is down

Told = list[str]  # channel, message, channel, message, ...


class Publisher(Batches[Told]):
    """A queue of announcements; what can't be sent is dropped: listeners catch up by REST."""

    def __init__(self) -> None:
        super().__init__("publisher", self._send, AT_ONCE)
        self._held = 0  # channels and messages
        self._guard = Lock()

    def __call__(self, project_id: str, message: Message) -> None:
        """Send `message` to the room of a project, soon."""
        self._put([keys.room(project_id), message.encode()])

    def send(self, said: Logged) -> None:
        """Send texts to the rooms of their projects, soon."""
        self._put([each for project_id, text in said for each in (keys.room(project_id), text)])

    def _put(self, told: Told) -> None:
        with self._guard:
            if self._held >= 2 * MAX_WAITING:
                return
            self._held += len(told)
        self.put(told)

    def _send(self, batch: list[Told]) -> None:
        told = list(chain.from_iterable(batch))
        with self._guard:
            self._held -= len(told)
        try:
            redis.execute("EVAL", SCRIPT, 0, *told)
        except Unavailable as error:
            logs.warning("announcements.dropped", count=len(told) // 2, reason=str(error))
