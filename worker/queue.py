"""The huey queue named `collab`: JSON messages that functions can write, nothing ever unpickled.

What costs most is going to Redis and Postgres for each message, so where jobs are short, several
messages are taken at once, and their jobs claimed at once: the next ones while the last of those
before are run. They wait here for a thread, and go back to where they came from when none comes
soon.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import cycle
from threading import Event, Lock
from time import monotonic
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import RedisStorage
from redis import ConnectionPool, RedisError

from lib import logs
from lib.bridge import keys
from lib.bridge.queue import TASK
from lib.errors import Unavailable
from lib.jobs.lifecycle import Row

NAME = "collab"
CONNECT_TIMEOUT = 1.0  # seconds
SOCKET_TIMEOUT = 5.0  # seconds; longer than READ_TIMEOUT, or waiting for a message would look dead
READ_TIMEOUT = 1  # seconds that one wait for a message lasts
AT_ONCE = 0.001  # seconds of a wait where there is something else to do
SOON = 0.05  # seconds between two looks while as many webhooks are sent as may be

_HIGH, _NORMAL, _LOW, _WEBHOOKS = keys.QUEUES.values()
# In which order each of ten fetches looks into the lists: nothing waits for ever behind the urgent.
TURNS = (
    *3 * [(_HIGH, _NORMAL, _WEBHOOKS, _LOW), (_HIGH, _WEBHOOKS, _NORMAL, _LOW)],
    (_HIGH, _NORMAL, _WEBHOOKS, _LOW),
    (_WEBHOOKS, _HIGH, _NORMAL, _LOW),
    (_NORMAL, _HIGH, _WEBHOOKS, _LOW),
    (_LOW, _HIGH, _NORMAL, _WEBHOOKS),
)

Run = Callable[[UUID, Row | None], None]
Prefetch = Callable[[Sequence[UUID]], dict[UUID, Row]]


class JsonSerializer(Serializer):
    """A message as a JSON array of its fields, in their order."""

    def _serialize(self, data: Any) -> bytes:
        return orjson.dumps(list(data))

    def _deserialize(self, data: bytes) -> Message:
        fields = orjson.loads(data)
        if not isinstance(fields, list):
            raise ValueError("not an array")
        return Message(*fields)


class Taken(NamedTuple):
    """A job that was taken from the queue and waits for a thread; claimed when it has its row."""

    at: float
    job_id: UUID
    row: Row | None

    @property
    def id(self) -> UUID:
        """What huey calls it in its log."""
        return self.job_id


class Queue(Huey):
    """huey on Redis, without results and revocations: states are in Postgres."""

    def __init__(self, *args: Any, webhooks: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._most_webhooks = webhooks
        self._webhooks: set[UUID] = set()  # jobs from their list that have not ended
        self._sent = Event()
        self._prefetch: Prefetch = lambda _: {}
        self._ahead: Callable[[], int] = lambda: 1
        self._taken: deque[Taken] = deque()
        self._low = 0  # so few are left when the next ones are taken
        self._turn = Lock()
        self._turns = cycle(TURNS)
        self._run: Run = lambda *_: None

    def take_ahead(self, ahead: Callable[[], int], prefetch: Prefetch) -> None:
        """Take `ahead()` messages at a time; `prefetch` claims their jobs and returns the rows."""
        self._ahead, self._prefetch = ahead, prefetch

    def run_with(self, run: Run) -> None:
        """Run jobs with `run`, which gets the id and, of one that is claimed, the row."""
        self._run = run

    def dequeue(self) -> Taken | None:
        """Return the next job; None when there is none yet. It may be claimed already."""
        if self._short() and self._take_turn():
            try:
                if self._short():
                    self._taken.extend(self._fetch(AT_ONCE if self._taken else READ_TIMEOUT))
            finally:
                self._turn.release()
        try:
            return self._taken.popleft()
        except IndexError:
            return None

    def _short(self) -> bool:
        return len(self._taken) <= self._low

    def _take_turn(self) -> bool:
        # Who has something to do does not wait while another thread takes more.
        return self._turn.acquire(timeout=0 if self._taken else READ_TIMEOUT)

    def execute(self, taken: Taken, *_: Any) -> None:
        """Run a job. huey's own way there (signals, hooks, timers) takes longer than a short one.

        Of a message only the job counts: what else it says (when, how often) is not obeyed.
        """
        try:
            self._run(taken.job_id, taken.row)
        finally:
            if taken.job_id in self._webhooks:
                self._webhooks.discard(taken.job_id)
                self._sent.set()

    def give_up(self, after: float) -> list[Taken]:
        """Take out what has waited for a thread for longer than `after` seconds."""
        given_up: list[Taken] = []
        with suppress(IndexError):  # nothing is left, or a thread was faster
            while monotonic() - self._taken[0].at >= after:
                given_up.append(self._taken.popleft())
                self._webhooks.discard(given_up[-1].job_id)
        return given_up

    def keep(self, taken: Sequence[Taken]) -> None:
        """Take back what could not be given up."""
        self._taken.extend(taken)

    def read_schedule(self, *_: Any) -> list[Any]:
        """Nothing: what is to run later waits in Postgres."""
        return []

    def is_revoked(self, *_: Any, **__: Any) -> bool:
        """Never: saves a round trip to Redis for each job."""
        return False

    def delete(self, *_: Any) -> None:
        """Nothing: there are no revocations, so none is to be cleared after each job."""

    def _fetch(self, patience: float) -> list[Taken]:
        most = self._ahead()
        try:
            ids = list(self._job_ids(most, patience))
        except RedisError as error:
            logs.warning("queue.unavailable", kind=type(error).__name__)
            time.sleep(READ_TIMEOUT)
            return []
        try:
            rows = self._prefetch(ids) if ids else {}
        except Unavailable:  # whoever runs them goes on asking
            rows = {}
        now = monotonic()
        self._low = len(ids) // 2 if 1 < most == len(ids) else 0
        return [Taken(now, job_id, rows.pop(job_id, None)) for job_id in ids]

    def _job_ids(self, most: int, patience: float) -> Iterator[UUID]:
        free = self._most_webhooks - len(self._webhooks)
        taken = self._next(next(self._turns), free, patience)
        if taken is None:
            return
        key, first = taken
        is_webhook = key == _WEBHOOKS.encode()
        more = most - 1
        if is_webhook:
            more = min(more, free - 1)
        for data in [first, *self._rest(key, more)]:
            try:
                job_id = _job_id(self.serializer.deserialize(data))
            except (ValueError, TypeError, AttributeError, RecursionError) as error:
                logs.warning("queue.unreadable", reason=type(error).__name__, size=len(data))
                continue
            if is_webhook:
                self._webhooks.add(job_id)
            yield job_id

    def _rest(self, key: bytes, most: int) -> list[bytes]:
        """Return what else is in a list; nothing if Redis fails, for the first is taken already."""
        try:
            return (self.storage.conn.rpop(key, most) if most > 0 else None) or []
        except RedisError as error:
            logs.warning("queue.unavailable", kind=type(error).__name__)
            return []

    def _next(self, lists: Sequence[str], free: int, patience: float) -> tuple[bytes, bytes] | None:
        """Return the next message with its list, of webhooks while threads are free for them."""
        redis = self.storage.conn
        if free > 0:
            return redis.brpop(lists, patience)
        for key in lists:
            if key != _WEBHOOKS and (data := redis.rpop(key)):
                return key.encode(), data
        self._sent.wait(min(patience, SOON))  # Redis itself knows no times as short
        self._sent.clear()
        return None


def connect(url: str, threads: int) -> Queue:
    """Return the queue in the Redis at `url`; it connects on first use, and again by itself.

    Half of so many `threads` may send webhooks at a time: their receivers are slow as they like.
    """
    pool = ConnectionPool.from_url(
        url,
        protocol=2,
        socket_connect_timeout=CONNECT_TIMEOUT,
        socket_timeout=SOCKET_TIMEOUT,
        health_check_interval=15,
    )
    return Queue(
        NAME,
        webhooks=max(1, threads // 2),
        results=False,
        serializer=JsonSerializer(),
        storage_class=RedisStorage,
        connection_pool=pool,
        read_timeout=READ_TIMEOUT,
    )


def _job_id(message: Message) -> UUID:
    if message.name != TASK or not isinstance(message.args, list) or len(message.args) != 1:
        raise ValueError("not a message of ours")
    return UUID(message.args[0])
