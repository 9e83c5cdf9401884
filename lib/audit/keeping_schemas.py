"""What comes in and goes out where the log is kept, verified and exported."""

from marshmallow import fields, validate

from lib.audit import retention
from lib.audit.export import FORMS
from lib.audit.filter_schemas import FilterQuery
from lib.audit.verification import REASONS
from lib.schemas import Strict, integer_field

MOST_VERIFIED = 10_000  # events, by one call
VERIFIED = 5_000


class ExportQuery(FilterQuery):
    """What to export: as `ndjson` or `csv`, from the number `after` which the last one ended."""

    form = fields.String(
        data_key="format", load_default="ndjson", validate=validate.OneOf(list(FORMS))
    )
    after = fields.Integer(load_default=0, validate=validate.Range(min=0, max=2**53))


class VerifyQuery(Strict):
    """Which part of the chain to verify: so many events, from its beginning or after a number."""

    after = fields.Integer(load_default=None, validate=validate.Range(min=0, max=2**53))
    limit = fields.Integer(load_default=VERIFIED, validate=validate.Range(min=1, max=MOST_VERIFIED))


class RetentionIn(Strict):
    """For how many days to keep events; null: as long as the installation says."""

    days = integer_field(
        required=True,
        allow_none=True,
        validate=validate.Range(min=retention.MIN_DAYS, max=retention.MAX_DAYS),
    )


class RetentionOut(Strict):
    """For how many `days` events are kept: the workspace's `own` choice, or else the `default`."""

    days = fields.Integer()
    own = fields.Integer(allow_none=True)
    default = fields.Integer()


class BreakOut(Strict):
    """Where the chain is broken first, and why."""

    seq = fields.Integer()
    reason = fields.String(
        validate=validate.OneOf(list(REASONS)),
        metadata={"description": " ".join(f"`{name}`: {REASONS[name]}." for name in REASONS)},
    )


class VerificationOut(Strict):
    """The events after `after` up to `upto` are as they were recorded, unless `broken` is there.

    `end` is the number of the last event recorded, of which `waiting` are not in the log yet.
    Unless it is `complete`, go on with `after` = `upto`.
    """

    intact = fields.Boolean()
    broken = fields.Nested(BreakOut, allow_none=True)
    complete = fields.Boolean()
    after = fields.Integer()
    upto = fields.Integer()
    end = fields.Integer()
    waiting = fields.Integer()
