"""What comes in and goes out where many jobs are dealt with at once, or counted."""

from marshmallow import fields, validate

from lib.jobs.schemas import DEAD, LIVE, MAX_KIND, STATES
from lib.schemas import Strict, integer_field

MAX_AT_ONCE = 500  # jobs that one request changes
MAX_PAUSED = 100  # kinds

_at_once = validate.Range(min=1, max=MAX_AT_ONCE)
_few = validate.Length(min=1, max=len(STATES))


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
