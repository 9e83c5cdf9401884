"""What comes in and goes out of the routes of personal access tokens."""

from datetime import UTC, datetime, timedelta

from marshmallow import ValidationError, fields, validate

from lib.schemas import Strict, name_field

MAX_AHEAD = timedelta(days=3653)  # how far in the future a personal access token may end
SCOPES = (["read"], ["read", "write"])


def _in_the_future(moment: datetime) -> None:
    now = datetime.now(UTC)
    if moment <= now:
        raise ValidationError("This is in the past.")
    if moment > now + MAX_AHEAD:
        raise ValidationError("This is more than ten years ahead.")


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
