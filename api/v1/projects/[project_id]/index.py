"""/api/v1/projects/{project_id}: read, change and delete one project."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, function, no_content, permits, reply
from lib.projects import projects
from lib.projects.schemas import ProjectChanges, ProjectOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>")
@permits("project.read")
def read(access: Access) -> Response:
    return reply(ProjectOut, access.shown)


@app.patch("/api/v1/projects/<uuid:project_id>")
@permits("project.update")
@accepts(ProjectChanges)
def update(access: Access, changes: dict[str, Any]) -> Response:
    return reply(ProjectOut, projects.update(access, changes))


@app.delete("/api/v1/projects/<uuid:project_id>")
@permits("project.delete")
def delete(access: Access) -> Response:
    projects.delete(access)
    return no_content()
