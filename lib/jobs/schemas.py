"""What comes in and goes out of the job routes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict, integer_field

OUTCOMES = ("succeeded", "failed", "timed-out", "cancelled", "lost")
LIVE = ("queued", "running", "retrying")
DEAD = ("failed", "cancelled")
STATES = (*LIVE, "succeeded", *DEAD)
MAX_KIND = 100  # characters
PRIORITIES = ("high", "normal", "low")
MAX_ATTEMPTS = 20
MAX_UNIQUE_KEY = 200  # characters
MAX_AHEAD = timedelta(days=366)  # how far in the future a job may be put
MAX_AT_ONCE = 500  # jobs that one request changes
MAX_PAUSED = 100  # kinds

_STATE = f"(?:{'|'.join(STATES)})"
_STATE_LIST = re.compile(rf"^{_STATE}(?:,{_STATE}){{0,5}}\Z")
_at_once = validate.Range(min=1, max=MAX_AT_ONCE)
_few = validate.Length(min=1, max=len(STATES))


def _near(moment: datetime) -> None:
    if moment > datetime.now(UTC) + MAX_AHEAD:
        raise ValidationError("This is more than a year ahead.")


class JobIn(Strict):
    """A job to submit: what `payload` holds depends on the kind, as does the most of attempts.

    While one lives, there is no other of its kind with the same `unique_key` in the project. What
    has a higher `priority` begins first; but one time in ten a worker looks for `normal` first, and
    one time in ten for `low`, so that nothing waits for ever.
    """

    kind = fields.String(required=True, validate=validate.Length(min=1, max=MAX_KIND))
    payload = fields.Dict(keys=fields.String(), load_default=dict)
    run_at = fields.AwareDateTime(load_default=None, validate=_near)
    max_attempts = integer_field(
        load_default=None, validate=validate.Range(min=1, max=MAX_ATTEMPTS)
    )
    priority = fields.String(load_default="normal", validate=validate.OneOf(PRIORITIES))
    unique_key = fields.String(
        load_default=None, validate=validate.Length(min=1, max=MAX_UNIQUE_KEY)
    )


class StatesField(fields.Field[list[str]]):
    """States in a query string, with commas between them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        if not _STATE_LIST.match(str(value)):
            raise ValidationError(f"Give some of these, with commas: {', '.join(STATES)}.")
        return str(value).split(",")


class JobQuery(PageQuery):
    """Which jobs of a project to list; `since` (included) and `until` (not): when submitted."""

    state = StatesField(
        load_default=None, metadata={"type": "string", "pattern": _STATE_LIST.pattern}
    )
    kind = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_KIND))
    created_by = fields.UUID(load_default=None)
    unique_key = fields.String(
        load_default=None, validate=validate.Length(min=1, max=MAX_UNIQUE_KEY)
    )
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class PurgeQuery(Strict):
    """Which jobs to delete: those that ended before a time, up to so many."""

    finished_before = fields.AwareDateTime(required=True)
    limit = fields.Integer(load_default=MAX_AT_ONCE, validate=_at_once)


class ManyToCancel(Strict):
    """Which jobs to cancel, up to so many: of one kind or all, in which states."""

    kind = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_KIND))
    states = fields.List(
        fields.String(validate=validate.OneOf(LIVE)), load_default=list(LIVE), validate=_few
    )
    limit = integer_field(load_default=MAX_AT_ONCE, validate=_at_once)


class ManyToRetry(Strict):
    """Which jobs to retry, up to so many; `ended_after` is included, `ended_before` is not."""

    kind = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_KIND))
    states = fields.List(
        fields.String(validate=validate.OneOf(DEAD)), load_default=["failed"], validate=_few
    )
    ended_after = fields.AwareDateTime(load_default=None)
    ended_before = fields.AwareDateTime(load_default=None)
    limit = integer_field(load_default=MAX_AT_ONCE, validate=_at_once)


class ManyOut(Strict):
    """How many jobs it was done to; there may be `more`, as it stopped at the limit."""

    count = fields.Integer()
    more = fields.Boolean()


class SummaryOut(Strict):
    """How many jobs there are in each state."""

    queued = fields.Integer()
    running = fields.Integer()
    retrying = fields.Integer()
    succeeded = fields.Integer()
    failed = fields.Integer()
    cancelled = fields.Integer()


class PausedKinds(Strict):
    """All kinds whose jobs are to wait."""

    kinds = fields.List(
        fields.String(validate=validate.Length(min=1, max=MAX_KIND)),
        required=True,
        validate=validate.Length(max=MAX_PAUSED),
    )


class PausedKindOut(Strict):
    """A kind whose jobs wait."""

    kind = fields.String()
    paused_at = fields.AwareDateTime()
    paused_by = fields.UUID(allow_none=True)


class PausedKindsOut(Strict):
    """The kinds whose jobs wait; all others run."""

    items = fields.List(fields.Nested(PausedKindOut))


class JobOut(Strict):
    """A job as it stands; `error` says why the last attempt that failed did.

    One of a whole workspace is in no project; `schedule_id` names the schedule that submitted it.
    Retried by hand, it has as many attempts more as its kind allows: `attempt` goes on counting.
    """

    id = fields.UUID()
    project_id = fields.UUID(allow_none=True)
    kind = fields.String()
    payload = fields.Dict()
    state = fields.String()
    attempt = fields.Integer()
    max_attempts = fields.Integer()
    priority = fields.String(validate=validate.OneOf(PRIORITIES))
    unique_key = fields.String(allow_none=True)
    run_at = fields.AwareDateTime()
    progress = fields.Integer()
    progress_message = fields.String()
    result = fields.Dict(allow_none=True)
    error = fields.String(allow_none=True)
    created_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    started_at = fields.AwareDateTime(allow_none=True)
    finished_at = fields.AwareDateTime(allow_none=True)
    schedule_id = fields.UUID(allow_none=True)
    cancel_requested_at = fields.AwareDateTime(allow_none=True)


class LogQuery(PageQuery):
    """Which lines: those after one, if it is given by its id."""

    after = fields.UUID(load_default=None)


class LogLineOut(Strict):
    """A line that a job has logged, in its so many-th attempt."""

    id = fields.UUID()
    attempt = fields.Integer()
    at = fields.AwareDateTime()
    message = fields.String()


class SaidOut(Strict):
    """A line of a job, told to the room."""

    id = fields.UUID()
    at = fields.AwareDateTime()
    message = fields.String()


class JobLogOut(Strict):
    """What a job of the project has just logged, told to the room."""

    job_id = fields.UUID()
    project_id = fields.UUID()
    attempt = fields.Integer()
    lines = fields.List(fields.Nested(SaidOut))


class JobAttemptOut(Strict):
    """One attempt at a job: `lost` is one whose worker went away in the middle of it.

    `digest` is the same for failures that came about in the same way; who runs the worker finds the
    traceback in its log with it.
    """

    id = fields.UUID()
    attempt = fields.Integer()
    worker = fields.String()
    started_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)
    outcome = fields.String(allow_none=True, validate=validate.OneOf([*OUTCOMES, None]))
    error = fields.String(allow_none=True)
    digest = fields.String(allow_none=True)


class JobUpdatedOut(Strict):
    """A job of the project as it stands, told to the room."""

    job_id = fields.UUID()
    project_id = fields.UUID()
    kind = fields.String()
    state = fields.String(validate=validate.OneOf(STATES))
    attempt = fields.Integer()
    max_attempts = fields.Integer()
    progress = fields.Integer(validate=validate.Range(0, 100))
    progress_message = fields.String()
    error = fields.String(allow_none=True)
    cancel_requested_at = fields.AwareDateTime(allow_none=True)
