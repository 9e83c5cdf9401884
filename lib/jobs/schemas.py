"""What comes in and goes out of the job routes."""

from datetime import UTC, datetime, timedelta

from marshmallow import ValidationError, fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict, integer_field

STATES = ("queued", "running", "retrying", "succeeded", "failed", "cancelled")
MAX_KIND = 100  # characters
MAX_ATTEMPTS = 20
MAX_AHEAD = timedelta(days=366)  # how far in the future a job may be put


def _near(moment: datetime) -> None:
    if moment > datetime.now(UTC) + MAX_AHEAD:
        raise ValidationError("This is more than a year ahead.")


class JobIn(Strict):
    """A job to submit: what `payload` holds depends on the kind."""

    kind = fields.String(required=True, validate=validate.Length(min=1, max=MAX_KIND))
    payload = fields.Dict(keys=fields.String(), load_default=dict)
    run_at = fields.AwareDateTime(load_default=None, validate=_near)
    max_attempts = integer_field(
        load_default=None, validate=validate.Range(min=1, max=MAX_ATTEMPTS)
    )


class JobQuery(PageQuery):
    """Which jobs of a project to list."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class JobOut(Strict):
    """A job as it stands; `error` says why the last attempt that failed did.

    One of a whole workspace is in no project; `schedule_id` names the schedule that submitted it.
    """

    id = fields.UUID()
    project_id = fields.UUID(allow_none=True)
    kind = fields.String()
    payload = fields.Dict()
    state = fields.String()
    attempt = fields.Integer()
    max_attempts = fields.Integer()
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
