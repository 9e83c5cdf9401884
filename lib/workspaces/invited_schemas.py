"""What comes in and goes out where somebody registers by invitation."""

from marshmallow import fields

from lib.accounts.schemas import RegisterIn
from lib.schemas import Strict
from lib.workspaces.acceptance_schemas import token_field


class RegisterInvitedIn(RegisterIn):
    """A new account for the address that was invited."""

    class Meta(RegisterIn.Meta):
        """The address is the invitation's."""

        exclude = ("email",)

    token = token_field()


class RegisteredInvitedOut(Strict):
    """The new account, and the workspace that it is a member of."""

    user_id = fields.UUID()
    email = fields.String()
    name = fields.String()
    workspace_id = fields.UUID()
    role = fields.String()
