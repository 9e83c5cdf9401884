"""What comes in and goes out of the routes of schedules."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.jobs import times
from lib.jobs.schemas import MAX_KIND, STATES
from lib.schemas import Strict, boolean_field, name_field

MAX_CRON = 100  # characters
MAX_ZONE = 60  # characters


def _check_cron(value: str) -> None:
    try:
        times.next_after(value, "UTC", datetime.now(UTC))
    except times.NoTime as error:
        raise ValidationError(str(error)) from None


def _check_zone(value: str) -> None:
    if value not in times.zones():
        raise ValidationError("Give the name of a time zone, such as Europe/Berlin.")


def _cron(**kwargs: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=9, max=MAX_CRON), _check_cron], **kwargs)


def _zone(**kwargs: Any) -> fields.String:
    return fields.String(validate=[validate.Length(min=1, max=MAX_ZONE), _check_zone], **kwargs)


def _kind(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Length(min=1, max=MAX_KIND), **kwargs)


class ScheduleIn(Strict):
    """A job to submit again and again.

    `cron` says when, in five fields (minute, hour, day of the month, month, day of the week), by
    the clock of `timezone`, a name of the IANA database. `payload` is checked as at a submission.
    """

    name = name_field(required=True)
    kind = _kind(required=True)
    payload: fields.Field[Any] = fields.Dict(keys=fields.String(), load_default=dict)
    cron = _cron(required=True)
    timezone = _zone(load_default="UTC")
    enabled = boolean_field(load_default=True)


class ScheduleChanges(Strict):
    """What to change of a schedule; at least one of these."""

    RULES: ClassVar = {"minProperties": 1}

    name = name_field()
    kind = _kind()
    payload: fields.Field[Any] = fields.Dict(keys=fields.String())
    cron = _cron()
    timezone = _zone()
    enabled = boolean_field()

    @validates_schema
    def _something(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Give something to change.")


class LastJobOut(Strict):
    """The last job that a schedule has submitted."""

    id = fields.UUID()
    state = fields.String(validate=validate.OneOf(STATES))
    created_at = fields.AwareDateTime()


class ScheduleOut(Strict):
    """A schedule; its jobs are submitted in the name of `updated_by`, who changed it last.

    One of a whole workspace is in no project. `next_run_at` is null while it is not enabled;
    `stopped_for` says why it stopped by itself.
    """

    id = fields.UUID()
    workspace_id = fields.UUID()
    project_id = fields.UUID(allow_none=True)
    name = fields.String()
    kind = fields.String()
    payload = fields.Dict()
    cron = fields.String()
    timezone = fields.String()
    enabled = fields.Boolean()
    stopped_for = fields.String(allow_none=True)
    next_run_at = fields.AwareDateTime(allow_none=True)
    last_job = fields.Nested(LastJobOut, allow_none=True)
    updated_by = fields.UUID()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()
