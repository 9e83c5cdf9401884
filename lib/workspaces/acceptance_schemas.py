"""What comes in and goes out where an invitation is looked at and accepted."""

from marshmallow import fields, validate

from lib.schemas import Strict

MAX_TOKEN = 128  # characters; ours have 64


def token_field() -> fields.String:
    """Return a field for the token of an invitation."""
    return fields.String(required=True, validate=validate.Length(min=1, max=MAX_TOKEN))


class TokenIn(Strict):
    """The token of an invitation."""

    token = token_field()


class PreviewOut(Strict):
    """What an invitation is to, for whoever holds its token."""

    workspace_name = fields.String()
    invited_by = fields.String()
    role = fields.String()
    personal = fields.Boolean()
    expires_at = fields.AwareDateTime()
