"""/api/v1/workspaces/{workspace_id}/archive: put a workspace into the archive."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, if_match, permits, returns
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceOut

app = function(__name__)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/archive")
@permits("workspace.archive")
@if_match(WorkspaceOut)
@returns(WorkspaceOut)
def archive(access: Access) -> dict[str, Any]:
    """Put a workspace into the archive: it can be read, not changed."""
    return workspaces.archive(access, True)
