"""/api/v1/workspaces/{workspace_id}/projects: the projects of a workspace, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.access.lookups import Asking
from lib.errors import Forbidden
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.projects import projects
from lib.projects.list_schemas import ListedProjectOut, ProjectsQuery
from lib.projects.schemas import ProjectIn, ProjectOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.list", with_rows=True)
@lists(ListedProjectOut, ProjectsQuery, errors=(Forbidden,))
def list_projects(asking: Asking, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the projects of a workspace, or, for its owners, those in its trash."""
    return projects.of_workspace(asking, **wanted)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.create")
@accepts(ProjectIn)
@creates(ProjectOut, "/api/v1/projects/{id}")
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Create a project in a workspace."""
    return projects.create(access, **body)
