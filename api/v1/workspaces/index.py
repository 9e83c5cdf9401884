"""/api/v1/workspaces: the caller's workspaces, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceIn, WorkspaceOut, WorkspaceQuery

app = function(__name__)


@app.get("/api/v1/workspaces")
@permits("workspace.list")
@lists(WorkspaceOut, WorkspaceQuery)
def list_mine(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the caller's workspaces, oldest first: without those in the archive, or only those."""
    return workspaces.of_member(access.conn, access.caller.user_id, **wanted)


@app.post("/api/v1/workspaces")
@permits("workspace.create")
@accepts(WorkspaceIn)
@creates(WorkspaceOut, "/api/v1/workspaces/{id}")
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Create a workspace, with the caller as its owner."""
    return workspaces.create(access, **body)
