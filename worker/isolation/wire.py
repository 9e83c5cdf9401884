"""What a worker and the process of a job tell each other: JSON, and the bytes of an artifact.

Nothing is pickled: what a handler does to its own process must not reach the worker's.
"""

from __future__ import annotations

from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

import orjson

from lib.jobs.artifacts import MAX_ARTIFACT, Artifact
from worker.attempt import MAX_ERROR, MAX_RESULT, Ending
from worker.context import Context, Stop

MAX_MESSAGE = 2 * MAX_RESULT + 10 * MAX_ERROR  # bytes; both may have to be escaped

_UUIDS = ("id", "project_id", "workspace_id", "created_by", "lease_token")
_TEXTS = ("kind", "payload", "attempt", "request_id")

Told = dict[str, Any]


class Garbled(Exception):
    """What came is no message of ours."""


def job(row: dict[str, Any], timeout: float) -> Told:
    """Return the message that begins an attempt."""
    return {"do": "run", "job": {n: row[n] for n in (*_UUIDS, *_TEXTS)}, "timeout": timeout}


def context(told: Told) -> Context:
    """Return the attempt that such a message begins."""
    row = told["job"] | {n: told["job"][n] and UUID(told["job"][n]) for n in _UUIDS}
    return Context(row, told["timeout"])


def stop(why: Stop) -> Told:
    """Return the message that makes a handler stop at its next call of its context."""
    return {"do": "stop", "why": why}


def send(to: Connection, message: Told) -> None:
    """Send a message; raises OSError when nobody is there any more."""
    to.send_bytes(orjson.dumps(message))


def receive(source: Connection) -> Told:
    """Wait for a message; raises EOFError or OSError when none can come, Garbled for no message."""
    try:
        return orjson.loads(source.recv_bytes(1024 * 1024 * 16))
    except ValueError:
        raise Garbled from None


def send_ending(to: Connection, ending: Ending) -> None:
    """Send how an attempt ended, and the artifact after it."""
    made = ending.artifact
    about = made and {"filename": made.filename, "media_type": made.media_type}
    names = ("how", "result", "error", "final", "digest")
    send(to, {name: getattr(ending, name) for name in names} | {"artifact": about})
    if made:
        to.send_bytes(made.content)


def receive_ending(source: Connection) -> Ending:
    """Read how an attempt ended; raises as `receive` does."""
    try:
        told = orjson.loads(source.recv_bytes(MAX_MESSAGE))
        if about := told.pop("artifact"):
            told["artifact"] = Artifact(**about, content=source.recv_bytes(MAX_ARTIFACT))
        return Ending(**told)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Garbled from None
