"""/api/v1/workspaces/{workspace_id}/projects: the projects of a workspace, and new ones."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, created, function, page, permits, query
from lib.http.replies import PageQuery
from lib.projects import projects
from lib.projects.schemas import ProjectIn, ProjectOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.list")
@query(PageQuery)
def list_projects(access: Access, paging: dict[str, Any]) -> Response:
    return page(ProjectOut, projects.of_workspace(access, **paging), paging["limit"])


@app.post("/api/v1/workspaces/<uuid:workspace_id>/projects")
@permits("project.create")
@accepts(ProjectIn)
def create(access: Access, body: dict[str, Any]) -> Response:
    project = projects.create(access, **body)
    return created(ProjectOut, project, f"/api/v1/projects/{project['id']}")
