"""/api/v1/workspaces: the caller's workspaces, and new ones."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, created, function, page, permits, query
from lib.http.replies import PageQuery
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceIn, WorkspaceOut

app = function(__name__)


@app.get("/api/v1/workspaces")
@permits("workspace.list")
@query(PageQuery)
def list_mine(access: Access, paging: dict[str, Any]) -> Response:
    rows = workspaces.of_member(access.conn, access.caller.user_id, **paging)
    return page(WorkspaceOut, rows, paging["limit"])


@app.post("/api/v1/workspaces")
@permits("workspace.create")
@accepts(WorkspaceIn)
def create(access: Access, body: dict[str, Any]) -> Response:
    workspace = workspaces.create(access, **body)
    return created(WorkspaceOut, workspace, f"/api/v1/workspaces/{workspace['id']}")
