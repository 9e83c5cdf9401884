"""Running a handler: whatever it does, what comes of it is an Ending."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from marshmallow import Schema, ValidationError

from lib import logs
from lib.errors import AppError, Archived, Unavailable
from lib.input import parse
from lib.jobs.artifacts import Artifact
from lib.stores import postgres
from worker import traces
from worker.context import Cancelled, Context, LeaseLost, TimedOut
from worker.kinds import Kind, PermanentFailure

MAX_RESULT = 64 * 1024  # bytes of JSON
MAX_ERROR = 2000  # characters

How = Literal["succeeded", "failed", "timed-out", "cancelled", "released", "lease-lost"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and what there is to write down about it.

    `final` says that another attempt would be in vain; `digest` is that of the traceback.
    """

    how: How
    result: dict[str, Any] | None = None
    artifact: Artifact | None = None
    error: str = ""
    final: bool = False
    digest: str | None = None


def run(kind: Kind, context: Context) -> Ending:
    """Run the handler of `kind`, and return how that ended; nothing is raised."""
    try:
        result = _result(kind, context)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a handler does
        return failed(kind, context, error)
    return Ending("succeeded", result, context.made)


def failed(kind: Kind, context: Context, error: BaseException) -> Ending:
    """Return what an exception means for the attempt; the traceback of a surprise is logged."""
    if isinstance(error, LeaseLost):
        return Ending("lease-lost")
    if isinstance(error, Cancelled) and context.stopped:
        return Ending("cancelled")
    if isinstance(error, TimedOut):
        return timed_out(context)
    if isinstance(error, Unavailable) and postgres.is_outage(error):
        return Ending("released")
    digest = traces.digest(error)
    final = isinstance(error, (PermanentFailure, Archived, *kind.permanent))
    if isinstance(error, AppError):
        return Ending("failed", error=_storable(str(error)), final=final, digest=digest)
    logs.exception("job.raised", job_id=context.job_id, kind=context.kind, digest=digest)
    return Ending("failed", error=_storable(_reason(error)), final=final, digest=digest)


def timed_out(context: Context) -> Ending:
    """Return the ending of an attempt that has taken too long."""
    return Ending("timed-out", error=f"The attempt took longer than {context.timeout:g} seconds.")


def _reason(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "The job needed more memory than it may have."
    # Only the kind of error is shown: its text may hold what a driver says.
    return f"The job stopped with an unexpected error ({type(error).__name__})."


def _result(kind: Kind, context: Context) -> dict[str, Any] | None:
    try:
        context.payload = _loader(kind.payload).load(context.payload)
    except ValidationError:
        raise PermanentFailure("This worker does not understand the payload.") from None
    try:
        result = kind.handler(context)
    finally:
        context.write_log()
    if result is None:
        return None
    text = json.dumps(result)
    if len(text) > MAX_RESULT:
        raise PermanentFailure(f"The result of this job is larger than {MAX_RESULT} bytes.")
    return parse(text, "result")


@cache
def _loader(schema: type[Schema]) -> Schema:
    return schema()


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "")[:MAX_ERROR]
