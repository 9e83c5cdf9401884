"""What comes in where a password is changed, or chosen anew."""

from lib.accounts.fields import link_token_field, new_password_field, password_field
from lib.schemas import Strict, email_field


class PasswordChange(Strict):
    """A new password, and the one before."""

    current_password = password_field()
    new_password = new_password_field()


class ForgotIn(Strict):
    """Whose password is forgotten."""

    email = email_field()


class ResetIn(Strict):
    """The token of the link that was mailed, and a new password."""

    token = link_token_field()
    password = new_password_field()
