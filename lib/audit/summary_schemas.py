"""What goes out where the log is summed up."""

from marshmallow import fields

from lib.audit.party_schemas import DoerOut
from lib.schemas import Strict


class DayOut(Strict):
    """How much happened on one day (UTC)."""

    day = fields.String()
    count = fields.Integer()


class ActionCountOut(Strict):
    """How often one thing happened."""

    action = fields.String()
    count = fields.Integer()


class ActorCountOut(Strict):
    """How much one person did; null: the system itself, or nobody that is known."""

    actor = fields.Nested(DoerOut, allow_none=True)
    count = fields.Integer()


class AuditSummaryOut(Strict):
    """How much happened in a time range, of at most 366 days: `by_actor` are who did most."""

    since = fields.AwareDateTime()
    until = fields.AwareDateTime()
    total = fields.Integer()
    by_day = fields.List(fields.Nested(DayOut))
    by_action = fields.List(fields.Nested(ActionCountOut))
    by_actor = fields.List(fields.Nested(ActorCountOut))
