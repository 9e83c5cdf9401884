"""/api/v1/projects/{project_id}/members/{user_id}: one member: read, change role, remove."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, if_match, permits, returns
from lib.projects import members
from lib.projects.member_schemas import ProjectMemberOut, ProjectRoleIn

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/members/<uuid:user_id>")
@permits("project-member.list")
@returns(ProjectMemberOut)
def read(access: Access, user_id: UUID) -> dict[str, Any]:
    """Read one of those who can reach a project."""
    return members.read(access, user_id)


@app.patch("/api/v1/projects/<uuid:project_id>/members/<uuid:user_id>")
@permits("project-member.update")
@if_match(ProjectMemberOut, members.read)
@accepts(ProjectRoleIn)
@returns(ProjectMemberOut, errors=(Conflict,))
def change_role(access: Access, body: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """Give somebody another role on this project; the one in the workspace stays."""
    return members.change_role(access, user_id, **body)


@app.delete("/api/v1/projects/<uuid:project_id>/members/<uuid:user_id>")
@permits("project-member.remove")
@if_match(ProjectMemberOut, members.read)
@returns(errors=(Conflict,))
def remove(access: Access, user_id: UUID) -> None:
    """Take somebody's role on this project from them."""
    members.remove(access, user_id)
