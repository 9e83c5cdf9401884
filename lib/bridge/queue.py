"""The job queue in Redis: functions write over HTTP what a huey consumer takes over TCP.

A message only says that there is work: the job itself is the row in Postgres, so a lost message
costs time (the sweep writes it again), and a repeated one nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lib import logs
from lib.bridge import keys
from lib.ids import new_text
from lib.stores import redis

TASK = "worker.tasks.run_job"  # never renamed: messages in the queue carry it

# The members of huey 3.5's Message before and after `args`; tests hold them against huey's own.
_BEFORE_ARGS = (None, 0, 0, None)  # eta, retries, retry_delay, priority
_AFTER_ARGS: tuple[Any, ...] = (
    {},
    None,
    None,
    None,
    None,
    None,
    None,
    0,
)  # kwargs, ..., retry_backoff
_FORM = json.dumps(["%s", TASK, *_BEFORE_ARGS, ["%s"], *_AFTER_ARGS], separators=(",", ":"))


def message(job_id: UUID | str) -> str:
    """Return one job's queue message, as JSON: the fields of huey's Message in their order."""
    return _FORM % (new_text(), job_id)


def push(job_ids: Sequence[UUID | str], priority: str = "normal") -> None:
    """Queue jobs, in order; raises Unavailable when Redis does not answer."""
    if job_ids:
        redis.tell("LPUSH", keys.QUEUES[priority], *(message(job_id) for job_id in job_ids))


def push_rows(jobs: Sequence[Mapping[str, Any]]) -> None:
    """Queue jobs by their `id` and `priority`; raises Unavailable when Redis does not answer."""
    for priority in keys.QUEUES:
        push([job["id"] for job in jobs if job["priority"] == priority], priority)


def length() -> int:
    """Return how many messages wait; a key of another type is removed, as no one could use it.

    Raises Unavailable when Redis does not answer.
    """
    lists = keys.QUEUES.values()
    for key, kind in zip(lists, redis.pipeline([["TYPE", key] for key in lists]), strict=True):
        if kind not in ("list", "none"):
            logs.warning("queue.reset", key=key)
            redis.execute("DEL", key)
    return sum(map(int, redis.pipeline([["LLEN", key] for key in lists])))
