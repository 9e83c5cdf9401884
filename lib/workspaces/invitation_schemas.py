"""What comes in and goes out of the invitation routes."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.http.paging import PageQuery
from lib.schemas import Strict, email_field, integer_field, role_field

WEEK = 7 * 24 * 3600  # seconds
LIFETIME = (300, 30 * 24 * 3600)  # seconds from an invitation to its end
MAX_USES = 1000  # people who may use one link
STATES = ["pending", "used", "expired", "revoked", "all"]


class InvitationIn(Strict):
    """Whom to invite: one address, or anybody who has the link; as what, and for how long."""

    RULES: ClassVar = {
        "if": {"required": ["email"]},
        "then": {"properties": {"max_uses": {"const": 1}}},
        "else": {"properties": {"role": {"enum": ["viewer", "collaborator"]}}},
    }

    email = email_field(required=False)
    role = role_field(required=True)
    expires_in = integer_field(load_default=WEEK, validate=validate.Range(*LIFETIME))
    max_uses = integer_field(load_default=1, validate=validate.Range(1, MAX_USES))

    @validates_schema
    def _personal(self, data: dict[str, Any], **_: object) -> None:
        if "email" in data and data["max_uses"] != 1:
            raise ValidationError("An invitation for one address is used once.", "max_uses")
        # A link travels further than it should: whoever finds it must not own the workspace.
        if "email" not in data and data["role"] == "owner":
            raise ValidationError("Invite owners by their address.", "role")


class InvitationQuery(PageQuery):
    """Which of a workspace's invitations: by default those that can be accepted."""

    state = fields.String(load_default="pending", validate=validate.OneOf(STATES))


class InviterOut(Strict):
    """Who answers for an invitation."""

    id = fields.String()
    name = fields.String()


class InvitationOut(Strict):
    """An invitation: `state` is pending, used (as often as it may be), expired or revoked."""

    id = fields.UUID()
    workspace_id = fields.UUID()
    email = fields.String(allow_none=True)
    role = fields.String()
    state = fields.String()
    max_uses = fields.Integer()
    uses = fields.Integer()
    invited_by = fields.Nested(InviterOut)
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()


class InvitationMadeOut(InvitationOut):
    """A new invitation; a link comes, this once, with its token and the address to pass on."""

    token = fields.String(allow_none=True)
    link = fields.String(allow_none=True)
