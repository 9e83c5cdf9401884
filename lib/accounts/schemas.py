"""What comes in and goes out where accounts are made, verified, shown, changed and deleted."""

from marshmallow import fields

from lib.accounts.fields import link_token_field, new_password_field, password_field
from lib.schemas import Strict, email_field, name_field


class RegisterIn(Strict):
    """A new account."""

    email = email_field()
    name = name_field(required=True)
    password = new_password_field()


class RegisteredOut(Strict):
    """The same answer for a new address and for one that has an account already."""

    email = fields.String()
    name = fields.String()


class VerifyIn(Strict):
    """The token of the link that was mailed."""

    token = link_token_field()


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
