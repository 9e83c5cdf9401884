"""/api/v1/projects/{project_id}: read, change and delete one project."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, if_match, permits, returns
from lib.projects import projects, trash
from lib.projects.schemas import ProjectChanges, ProjectOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>")
@permits("project.read")
@returns(ProjectOut)
def read(access: Access) -> dict[str, Any]:
    """Read a project, with the caller's role on it."""
    return access.shown


@app.patch("/api/v1/projects/<uuid:project_id>")
@permits("project.update")
@if_match(ProjectOut)
@accepts(ProjectChanges)
@returns(ProjectOut)
def update(access: Access, changes: dict[str, Any]) -> dict[str, Any]:
    """Change a project's name, description or both."""
    return projects.update(access, changes)


@app.delete("/api/v1/projects/<uuid:project_id>")
@permits("project.delete")
@if_match(ProjectOut)
@returns()
def delete(access: Access) -> None:
    """Delete a project with its files and jobs; for 30 days it can be restored."""
    trash.put(access)
