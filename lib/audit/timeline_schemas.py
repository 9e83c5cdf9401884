"""What comes in and goes out where one request is followed."""

from marshmallow import fields, validate

from lib.audit.filter_schemas import REQUEST_ID
from lib.audit.party_schemas import ActorOut, TargetOut
from lib.schemas import Strict


class TimelineQuery(Strict):
    """Which request."""

    request_id = fields.String(required=True, validate=validate.Regexp(REQUEST_ID))


class EntryOut(Strict):
    """One thing that a request led to.

    In the `log` it is an event, with its number; a `job` is submitted, started, finished, and each
    attempt that has ended is there too; a `room` was told something, under a number of its own.
    """

    at = fields.AwareDateTime()
    source = fields.String(validate=validate.OneOf(["log", "job", "room"]))
    what = fields.String()
    seq = fields.Integer(allow_none=True)
    project_id = fields.String(allow_none=True)
    actor = fields.Nested(ActorOut, allow_none=True)
    target = fields.Nested(TargetOut)
    details = fields.Dict()


class TimelineOut(Strict):
    """What one request led to, the earliest first."""

    request_id = fields.String()
    entries = fields.List(fields.Nested(EntryOut))
