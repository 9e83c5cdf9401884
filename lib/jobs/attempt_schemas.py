"""What comes in and goes out where the attempts at a job are shown, and what they logged."""

from marshmallow import fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict

OUTCOMES = ("succeeded", "failed", "timed-out", "cancelled", "lost")


class LogQuery(PageQuery):
    """Which lines: those after one, if it is given by its id."""

    after = fields.UUID(load_default=None)


class LogLineOut(Strict):
    """A line that a job has logged, in its so many-th attempt."""

    id = fields.UUID()
    attempt = fields.Integer()
    at = fields.AwareDateTime()
    message = fields.String()


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
