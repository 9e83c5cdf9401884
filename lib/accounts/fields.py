"""The rules for secrets that come in: passwords, and the tokens of links that were mailed."""

from marshmallow import ValidationError, fields, validate

from lib.accounts import common_passwords, passwords

PASSWORD = (8, 128)  # characters: long enough to resist guessing, bounded to keep hashing cheap
MAX_LINK_TOKEN = 128  # characters; ours have 64


def password_field() -> fields.String:
    """Return a field for a password that exists; no rule on its form, so that old ones still work.

    Where one is chosen, it is `new_password_field`.
    """
    return fields.String(required=True, validate=validate.Length(1, PASSWORD[1]))


def new_password_field() -> fields.String:
    """Return a field for a password that is chosen: 8 to 128 characters, any but the commonest."""
    return fields.String(required=True, validate=[validate.Length(*PASSWORD), _uncommon])


def link_token_field() -> fields.String:
    """Return a field for the token of a link."""
    return fields.String(required=True, validate=validate.Length(min=1, max=MAX_LINK_TOKEN))


def _uncommon(password: str) -> None:
    if common_passwords.is_common(passwords.normalised(password), PASSWORD[0]):
        raise ValidationError("This is one of the passwords that everybody tries first.")
