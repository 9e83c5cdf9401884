"""/api/v1/workspaces/{workspace_id}: read, rename and delete one workspace."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, function, no_content, permits, reply
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceIn, WorkspaceOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.read")
def read(access: Access) -> Response:
    return reply(WorkspaceOut, access.shown)


@app.patch("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.update")
@accepts(WorkspaceIn)
def rename(access: Access, body: dict[str, Any]) -> Response:
    return reply(WorkspaceOut, workspaces.rename(access, **body))


@app.delete("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.delete")
def delete(access: Access) -> Response:
    workspaces.delete(access)
    return no_content()
