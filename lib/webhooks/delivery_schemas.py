"""What receivers are sent, and what comes in and goes out of the routes of deliveries."""

from marshmallow import fields, validate

from lib.audit.party_schemas import DoerOut, TargetOut
from lib.http.paging import PageQuery
from lib.schemas import Strict

STATES = ("pending", "delivered", "failed")


class WebhookDataOut(Strict):
    """What happened: who did what to what, and where."""

    id = fields.String()
    action = fields.String()
    actor = fields.Nested(DoerOut, allow_none=True)
    target = fields.Nested(TargetOut)
    workspace_id = fields.String()
    project_id = fields.String(allow_none=True)
    details = fields.Dict()


class WebhookEventOut(Strict):
    """The body of a delivery; `timestamp` is when it happened, whenever it is sent."""

    type = fields.String()
    timestamp = fields.AwareDateTime()
    data = fields.Nested(WebhookDataOut)


class DeliveryQuery(PageQuery):
    """Which deliveries: by state, by type, and by the time of the event (`until` not included)."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    type = fields.String(
        load_default=None,
        validate=validate.Regexp(
            r"^[a-z-]{1,40}\.[a-z-]{0,40}\Z",
            error="Give a type such as project.created, or a noun with its dot: project.",
        ),
    )
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)


class AttemptOut(Strict):
    """One attempt: the status that was answered, or the reason why none was; and how it began."""

    at = fields.AwareDateTime()
    ms = fields.Integer()
    status = fields.Integer(allow_none=True)
    error = fields.String(allow_none=True)
    excerpt = fields.String(allow_none=True)


class DeliveryOut(Strict):
    """A delivery, under the id of its event: `tries` counts the attempts of the present round."""

    id = fields.UUID()
    type = fields.String()
    state = fields.String()
    tries = fields.Integer()
    last_attempt = fields.Nested(AttemptOut, allow_none=True)
    next_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    finished_at = fields.AwareDateTime(allow_none=True)


class DeliveryDetailOut(DeliveryOut):
    """A delivery with what it says, and its last 30 attempts."""

    attempts = fields.List(fields.Nested(AttemptOut))
    payload = fields.Nested(WebhookEventOut)


class RedeliveryIn(Strict):
    """Of which time the events are whose failed deliveries begin anew (`until` not included)."""

    since = fields.AwareDateTime(required=True)
    until = fields.AwareDateTime(load_default=None)


class RedeliveryOut(Strict):
    """How many deliveries begin anew, and whether more have failed than one request begins."""

    redelivered = fields.Integer()
    more = fields.Boolean()
