"""What comes in and goes out where the table of permissions is shown and explained."""

from marshmallow import fields, validate

from lib.access.permissions import PERMISSIONS
from lib.schemas import Strict


class PermissionOut(Strict):
    """One action: its name, what it is done to (`scope`), and the least level that may.

    `grant` is the scope that a personal access token needs for it; none has `account`.
    """

    name = fields.String()
    scope = fields.String()
    least = fields.String()
    grant = fields.String()


class TableOut(Strict):
    """The table, and the levels from least to most."""

    levels = fields.List(fields.String())
    permissions = fields.List(fields.Nested(PermissionOut))


class ExplainQuery(Strict):
    """An action, and the id of the workspace, project, file or job that it would be done to."""

    permission = fields.String(required=True, validate=validate.OneOf(sorted(PERMISSIONS)))
    target_id = fields.UUID(load_default=None)


class ExplanationOut(Strict):
    """Whether the caller may: `role` is theirs on the thing, `least` what is needed."""

    permission = fields.String()
    scope = fields.String()
    allowed = fields.Boolean()
    role = fields.String(allow_none=True)
    least = fields.String()
    reason = fields.String()
