"""/api/v1/workspaces/{workspace_id}: read, rename and delete one workspace."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, if_match, permits, returns
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceIn, WorkspaceOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.read")
@returns(WorkspaceOut)
def read(access: Access) -> dict[str, Any]:
    """Read a workspace, with the caller's role in it."""
    return access.shown


@app.patch("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.update")
@if_match(WorkspaceOut)
@accepts(WorkspaceIn)
@returns(WorkspaceOut)
def rename(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Give a workspace another name."""
    return workspaces.rename(access, **body)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>")
@permits("workspace.delete")
@if_match(WorkspaceOut)
@returns()
def delete(access: Access) -> None:
    """Delete a workspace with everything in it."""
    workspaces.delete(access)
