"""What comes in and goes out of the job routes."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from marshmallow import ValidationError, fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict, integer_field

LIVE = ("queued", "running", "retrying")
DEAD = ("failed", "cancelled")
STATES = (*LIVE, "succeeded", *DEAD)
MAX_KIND = 100  # characters
PRIORITIES = ("high", "normal", "low")
MAX_ATTEMPTS = 20
MAX_UNIQUE_KEY = 200  # characters
MAX_AHEAD = timedelta(days=366)  # how far in the future a job may be put

_STATE = f"(?:{'|'.join(STATES)})"
_STATE_LIST = re.compile(rf"^{_STATE}(?:,{_STATE}){{0,5}}\Z")


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
