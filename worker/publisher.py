"""Announcements to rooms, many in one round trip: jobs don't wait for Redis."""

from __future__ import annotations

from itertools import chain

from lib import logs
from lib.bridge import keys
from lib.bridge.messages import Message
from lib.errors import Unavailable
from lib.stores import redis
from worker.batches import Batches

MAX_BATCH = 200  # messages in one round trip
# One command for all of them: each by itself costs more here than the rest of its job.
SCRIPT = "for i = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[i], ARGV[i + 1]) end"
MAX_WAITING = 10_000  # messages; beyond that they are dropped, as they are while Redis is down


class Publisher(Batches[tuple[str, str]]):
    """A queue of announcements; what can't be sent is dropped: listeners catch up by REST."""

    def __init__(self) -> None:
        super().__init__("publisher", _send, MAX_BATCH)

    def __call__(self, project_id: str, message: Message) -> None:
        """Send `message` to the room of a project, soon."""
        if len(self) < MAX_WAITING:
            self.put((keys.room(project_id), message.encode()))


def _send(told: list[tuple[str, str]]) -> None:
    try:
        redis.execute("EVAL", SCRIPT, 0, *chain.from_iterable(told))
    except Unavailable as error:
        logs.warning("announcements.dropped", count=len(told), reason=str(error))
