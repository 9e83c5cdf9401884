"""What the room of a project is told of its jobs."""

from marshmallow import fields, validate

from lib.jobs.schemas import STATES
from lib.schemas import Strict


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
