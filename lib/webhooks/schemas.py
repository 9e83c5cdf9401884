"""What comes in and goes out of the webhook routes, and what receivers are sent."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.audit.schemas import DoerOut, TargetOut
from lib.http.paging import PageQuery
from lib.schemas import Strict, boolean_field, integer_field
from lib.webhooks import addresses

MAX_DESCRIPTION = 500  # characters
MAX_EVENTS = 30  # filters of one webhook
STATES = ("pending", "delivered", "failed")
REASONS = ("gone", "failing")
DAY = 24 * 3600  # seconds
WEEK = 7 * DAY

_WORD = "[a-z]{1,20}(-[a-z]{1,20}){0,2}"
_FILTER = validate.Regexp(
    rf"^(\*|{_WORD}\.(\*|{_WORD}))\Z",
    error="Give an event such as project.created, all of a noun (project.*), or all (*).",
)


def _leads_somewhere(url: str) -> None:
    try:
        addresses.parse(url)
    except addresses.BadAddress as error:
        raise ValidationError(str(error)) from None


def _url(**kwargs: Any) -> fields.String:
    length = validate.Length(min=1, max=addresses.MAX_URL)
    return fields.String(validate=[length, _leads_somewhere], metadata={"format": "uri"}, **kwargs)


def _description(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=MAX_DESCRIPTION), **kwargs)


def _events(**kwargs: Any) -> fields.List:
    length = validate.Length(min=1, max=MAX_EVENTS)
    return fields.List(fields.String(validate=_FILTER), validate=length, **kwargs)


class WebhookIn(Strict):
    """Where to send events, and which: all, those of some nouns, or single ones; of one project."""

    url = _url(required=True)
    description = _description(load_default="")
    events = _events(load_default=lambda: ["*"], metadata={"default": ["*"]})
    project_id = fields.UUID(load_default=None)
    enabled = boolean_field(load_default=True)


class WebhookChanges(Strict):
    """What to change of a webhook; at least one of these."""

    RULES: ClassVar = {"minProperties": 1}

    url = _url()
    description = _description()
    events = _events()
    project_id = fields.UUID(allow_none=True)
    enabled = boolean_field()

    @validates_schema
    def _something(self, data: dict[str, Any], **_: object) -> None:
        if not data:
            raise ValidationError("Give something to change.")


class SecretOut(Strict):
    """A secret that deliveries are signed with, itself not shown; the newest has no end."""

    id = fields.UUID()
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)


class WebhookOut(Strict):
    """A webhook: `disabled_for` says why we disabled it: gone (410), or failing for days."""

    id = fields.UUID()
    workspace_id = fields.UUID()
    project_id = fields.UUID(allow_none=True)
    url = fields.String()
    description = fields.String()
    events = fields.List(fields.String())
    enabled = fields.Boolean()
    disabled_for = fields.String(allow_none=True)
    failing_since = fields.AwareDateTime(allow_none=True)
    secrets = fields.List(fields.Nested(SecretOut))
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class WebhookMadeOut(WebhookOut):
    """A new webhook, with its secret, which is shown this once."""

    secret = fields.String()


class RotationIn(Strict):
    """For how many more seconds the secrets there are sign as well; with 0 they end at once."""

    keep_for = integer_field(load_default=DAY, validate=validate.Range(0, WEEK))


class SecretMadeOut(SecretOut):
    """A new secret, which is shown this once."""

    secret = fields.String()


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
