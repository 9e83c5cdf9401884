"""/api/v1/projects/{project_id}/members: who can reach a project; add by e-mail."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.projects import members
from lib.projects.member_schemas import ProjectMemberIn, ProjectMemberOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/members")
@permits("project-member.list")
@lists(ProjectMemberOut)
def list_members(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List who can reach a project, through its workspace or as a guest."""
    return members.of_project(access.conn, access.id, **paging)


@app.post("/api/v1/projects/<uuid:project_id>/members")
@permits("project-member.add")
@accepts(ProjectMemberIn)
@creates(ProjectMemberOut, "/api/v1/projects/{project_id}/members/{user_id}", errors=(Conflict,))
def add(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Give somebody who has an account a role on this project alone, by e-mail."""
    return members.add(access, **body)
