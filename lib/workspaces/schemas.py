"""What comes in and goes out of the workspace and member routes."""

from marshmallow import fields, validate

from lib.http.paging import PageQuery
from lib.schemas import Strict, email_field, name_field, role_field


class WorkspaceIn(Strict):
    """A workspace to create, or its new name."""

    name = name_field(required=True)


class WorkspaceQuery(PageQuery):
    """Which of the caller's workspaces: those in the archive, or the others."""

    archived = fields.Boolean(load_default=False, truthy={"true"}, falsy={"false"})


class WorkspaceOut(Strict):
    """A workspace, and the caller's role in it."""

    id = fields.UUID()
    name = fields.String()
    role = fields.String()
    archived_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class ProjectArchivedOut(Strict):
    """Whether a project's workspace is in the archive, told to the project's room."""

    project_id = fields.UUID()
    deleted = fields.Boolean(validate=validate.Equal(False))
    archived = fields.Boolean()


class MemberIn(Strict):
    """Somebody with an account, by e-mail, and the role to give them."""

    email = email_field()
    role = role_field(required=True)


class RoleIn(Strict):
    """A member's new role."""

    role = role_field(required=True)


class TransferIn(Strict):
    """The member who becomes owner, and the role that the caller keeps."""

    user_id = fields.UUID(required=True)
    keep_role = fields.String(
        load_default="collaborator", validate=validate.OneOf(["viewer", "collaborator"])
    )


class MemberOut(Strict):
    """A member of a workspace."""

    user_id = fields.UUID()
    name = fields.String()
    email = fields.String()
    role = fields.String()
    joined_at = fields.AwareDateTime()
