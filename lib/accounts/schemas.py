"""What comes in and goes out of the account routes."""

from datetime import UTC, datetime, timedelta

from marshmallow import ValidationError, fields, validate

from lib.accounts import common_passwords, passwords
from lib.schemas import Strict, email_field, name_field

PASSWORD = (8, 128)  # characters: long enough to resist guessing, bounded to keep hashing cheap
MAX_REFRESH_TOKEN = 128  # characters; ours have 46
MAX_LINK_TOKEN = 128  # characters; ours have 64
MAX_AHEAD = timedelta(days=3653)  # how far in the future a personal access token may end


def _uncommon(password: str) -> None:
    if common_passwords.is_common(passwords.normalised(password), PASSWORD[0]):
        raise ValidationError("This is one of the passwords that everybody tries first.")


def password_field() -> fields.String:
    """Return a field for a password that exists; no rule on its form, so that old ones still work.

    Where one is chosen, it is `new_password_field`.
    """
    return fields.String(required=True, validate=validate.Length(1, PASSWORD[1]))


def new_password_field() -> fields.String:
    """Return a field for a password that is chosen: 8 to 128 characters, any but the commonest."""
    return fields.String(required=True, validate=[validate.Length(*PASSWORD), _uncommon])


class RegisterIn(Strict):
    """A new account."""

    email = email_field()
    name = name_field(required=True)
    password = new_password_field()


class LoginIn(Strict):
    """E-mail and password."""

    email = email_field()
    password = password_field()


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
    email_verified = fields.Boolean()
    name = fields.String()
    created_at = fields.AwareDateTime()


class AccountChanges(Strict):
    """Changes to the caller's own account."""

    name = name_field(required=True)


class AccountDeletion(Strict):
    """The caller's password, so that nobody else who sits there deletes the account."""

    password = password_field()


class PasswordChange(Strict):
    """A new password, and the one before."""

    current_password = password_field()
    new_password = new_password_field()


class ForgotIn(Strict):
    """Whose password is forgotten."""

    email = email_field()


def _link_token() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=MAX_LINK_TOKEN))


class ResetIn(Strict):
    """The token of the link that was mailed, and a new password."""

    token = _link_token()
    password = new_password_field()


class VerifyIn(Strict):
    """The token of the link that was mailed."""

    token = _link_token()


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


def _in_the_future(moment: datetime) -> None:
    now = datetime.now(UTC)
    if moment <= now:
        raise ValidationError("This is in the past.")
    if moment > now + MAX_AHEAD:
        raise ValidationError("This is more than ten years ahead.")


SCOPES = (["read"], ["read", "write"])


def _read_first(scopes: list[str]) -> None:
    if scopes not in SCOPES:
        raise ValidationError('Give ["read"] or ["read", "write"].')


class PersonalTokenIn(Strict):
    """A token to make; without `expires_at` it lasts until it is revoked."""

    name = name_field(required=True)
    scopes = fields.List(
        fields.String(validate=validate.OneOf(("read", "write"))),
        required=True,
        validate=_read_first,
        metadata={"enum": SCOPES},
    )
    expires_at = fields.AwareDateTime(load_default=None, allow_none=True, validate=_in_the_future)


class PersonalTokenOut(Strict):
    """A personal access token, without its text; `last_used_at` is right to a minute."""

    id = fields.UUID()
    name = fields.String()
    scopes = fields.List(fields.String())
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime(allow_none=True)
    last_used_at = fields.AwareDateTime(allow_none=True)


class NewPersonalTokenOut(PersonalTokenOut):
    """A new token; `token` is its text, which is shown this once."""

    token = fields.String()
