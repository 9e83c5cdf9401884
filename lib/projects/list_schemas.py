"""What comes in and goes out where projects are listed."""

from marshmallow import fields, validate

from lib.http.sorting import SortedQuery, sort_field
from lib.projects.schemas import ProjectOut
from lib.schemas import role_field

MAX_SEARCH = 100  # characters


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
