"""What comes in and goes out of the routes of a project's members."""

from marshmallow import fields, validate

from lib.schemas import Strict, email_field, role_field


class ProjectMemberIn(Strict):
    """Somebody with an account, by e-mail, and the role to give them on the project."""

    email = email_field()
    role = role_field(required=True)


class ProjectRoleIn(Strict):
    """Somebody's new role on a project."""

    role = role_field(required=True)


class ProjectMemberOut(Strict):
    """Somebody who can reach a project; `via` says what their role comes from."""

    user_id = fields.UUID()
    name = fields.String()
    email = fields.String()
    role = fields.String()
    via = fields.String(validate=validate.OneOf(["workspace", "project"]))
    joined_at = fields.AwareDateTime()
