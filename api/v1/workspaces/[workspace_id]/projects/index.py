"""/api/v1/workspaces/{workspace_id}/projects: the projects of a workspace, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, creates, function, lists, permits
from lib.projects import projects
from lib.projects.schemas import ProjectIn, ProjectOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.list")
@lists(ProjectOut)
def list_projects(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the projects of a workspace, oldest first."""
    return projects.of_workspace(access, **paging)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.create")
@accepts(ProjectIn)
@creates(ProjectOut, "/api/v1/projects/{id}")
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Create a project in a workspace."""
    return projects.create(access, **body)
