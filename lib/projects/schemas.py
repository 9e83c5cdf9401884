"""What comes in and goes out of the project routes."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate, validates_schema

from lib.http.sorting import SortedQuery, sort_field
from lib.schemas import PersonOut, Strict, email_field, name_field, role_field

MAX_DESCRIPTION = 2000  # characters
MAX_SEARCH = 100  # characters


def _description(**kwargs: Any) -> fields.String:
    return fields.String(validate=validate.Length(max=MAX_DESCRIPTION), **kwargs)


class ProjectIn(Strict):
    """A project to create."""

    name = name_field(required=True)
    description = _description(load_default="")


class ProjectChanges(Strict):
    """What to change of a project; at least one of the two."""

    RULES: ClassVar = {"minProperties": 1}

    name = name_field()
    description = _description()

    @validates_schema
    def _something(self, data: dict[str, str], **_: object) -> None:
        if not data:
            raise ValidationError("Give a name or a description.")


class ProjectOut(Strict):
    """A project, and the caller's role in it."""

    id = fields.UUID()
    workspace_id = fields.UUID()
    name = fields.String()
    description = fields.String()
    role = fields.String()
    created_at = fields.AwareDateTime()
    updated_at = fields.AwareDateTime()


class ListedProjectOut(ProjectOut):
    """A project in a list; `deleted_at` says since when it is in the trash."""

    deleted_at = fields.AwareDateTime(allow_none=True)


class ReachedProjectOut(ListedProjectOut):
    """A project among all that the caller can reach, and the name of the workspace it is in."""

    workspace_name = fields.String()


class ProjectsQuery(SortedQuery):
    """Which projects of a workspace, in which order; `q` is text in a name or a description."""

    TEXTS = frozenset({"name"})

    q = fields.String(load_default=None, validate=validate.Length(min=1, max=MAX_SEARCH))
    sort = sort_field("name", "created_at", "updated_at", default="created_at")
    deleted = fields.Boolean(load_default=False, truthy={"true"}, falsy={"false"})


class ReachedProjectsQuery(ProjectsQuery):
    """Which of all projects that the caller can reach: of one workspace, with one role there."""

    workspace_id = fields.UUID(load_default=None)
    role = role_field(load_default=None)


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


class TicketOut(Strict):
    """A one-time ticket for the real-time host, and the address to open with it."""

    ticket = fields.String()
    url = fields.String()
    expires_in = fields.Integer()


class PresentOut(Strict):
    """Somebody who is in a room, and their role there."""

    user = fields.Nested(PersonOut)
    role = fields.String()


class PresenceOut(Strict):
    """Everyone who is in a project's room, each person once, by name."""

    people = fields.List(fields.Nested(PresentOut))


class RoomOut(Strict):
    """How busy a room is.

    `people` are here now, on so many real-time `hosts`; `events` counts by name what the room was
    told in the last `hours` that its log still holds; `seq` is the number of the last one.
    """

    people = fields.Integer()
    hosts = fields.Integer()
    seq = fields.Integer()
    hours = fields.Integer()
    events = fields.Dict(keys=fields.String(), values=fields.Integer())


class MemberUpdatedOut(Strict):
    """Somebody's new role, told to a room; null: they are no member any more."""

    user_id = fields.UUID()
    role = role_field(allow_none=True)


class ProjectChangedOut(Strict):
    """A project's name and description as they are now, told to its room."""

    project_id = fields.UUID()
    deleted = fields.Boolean(validate=validate.Equal(False))
    name = fields.String()
    description = fields.String()


class ProjectTrashedOut(Strict):
    """Whether a project is in the trash, told to its room."""

    project_id = fields.UUID()
    deleted = fields.Boolean()
