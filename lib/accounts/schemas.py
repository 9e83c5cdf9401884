"""What comes in and goes out of the account routes."""

from marshmallow import ValidationError, fields, validate

from lib.schemas import Strict, name_field

MAX_EMAIL = 254  # characters, RFC 5321
PASSWORD = (8, 128)  # characters: long enough to resist guessing, bounded to keep hashing cheap
MAX_REFRESH_TOKEN = 128  # characters; ours have 46


def email_field(*, required: bool = True) -> fields.String:
    """Return a field for an e-mail address; it is compared and kept in lower case."""
    return _LowerEmail(required=required, validate=validate.Length(max=MAX_EMAIL))


class _LowerEmail(fields.Email):
    def _deserialize(self, *args: object, **kwargs: object) -> str:
        value: str = super()._deserialize(*args, **kwargs)
        if not value.isascii() or not value.isprintable():
            raise ValidationError("Not a valid email address.")
        return value.lower()


class RegisterIn(Strict):
    """A new account."""

    email = email_field()
    name = name_field(required=True)
    password = fields.String(required=True, validate=validate.Length(*PASSWORD))


class LoginIn(Strict):
    """E-mail and password; no rule on the password's form, so that old ones go on working."""

    email = email_field()
    password = fields.String(required=True, validate=validate.Length(min=1, max=PASSWORD[1]))


class RefreshIn(Strict):
    """The refresh token that was handed out last."""

    refresh_token = fields.String(
        required=True, validate=validate.Length(min=1, max=MAX_REFRESH_TOKEN)
    )


class RegisteredOut(Strict):
    """The same answer for a new address and for one that has an account already."""

    email = fields.String()
    name = fields.String()


class TokensOut(Strict):
    """An access token (a JWT, for the Authorization header), and a refresh token for the next."""

    access_token = fields.String()
    token_type = fields.Constant("Bearer")
    expires_in = fields.Integer()
    refresh_token = fields.String()


class AccountOut(Strict):
    """The caller's own account."""

    id = fields.UUID()
    email = fields.String()
    name = fields.String()
    created_at = fields.AwareDateTime()
