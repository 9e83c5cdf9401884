"""What comes in and goes out where sessions start, go on and end."""

from marshmallow import fields, validate

from lib.accounts.fields import password_field
from lib.schemas import Strict, email_field

MAX_REFRESH_TOKEN = 128  # characters; ours have 46


class LoginIn(Strict):
    """E-mail and password."""

    email = email_field()
    password = password_field()


class RefreshIn(Strict):
    """The refresh token that was handed out last."""

    refresh_token = fields.String(
        required=True, validate=validate.Length(min=1, max=MAX_REFRESH_TOKEN)
    )


class TokensOut(Strict):
    """An access token (a JWT, for the Authorization header), and a refresh token for the next."""

    access_token = fields.String()
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer()
    refresh_token = fields.String()


class SessionOut(Strict):
    """A live session: on which device, from where; `last_seen_at` is its last refresh."""

    id = fields.UUID()
    device = fields.String()
    address = fields.String()
    created_at = fields.AwareDateTime()
    last_seen_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    current = fields.Boolean()


class EndQuery(Strict):
    """Which sessions to end: all, unless the current one is kept."""

    keep = fields.String(load_default=None, validate=validate.OneOf(["current"]))
