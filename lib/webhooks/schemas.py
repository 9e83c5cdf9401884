"""What comes in and goes out of the routes of webhooks and their secrets."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.schemas import Strict, boolean_field, integer_field
from lib.webhooks import addresses

MAX_DESCRIPTION = 500  # characters
MAX_EVENTS = 30  # filters of one webhook
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
