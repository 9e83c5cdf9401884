"""/api/v1/workspaces/{workspace_id}/unarchive: take a workspace out of the archive."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, if_match, permits, returns
from lib.workspaces import workspaces
from lib.workspaces.schemas import WorkspaceOut

app = function(__name__)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/unarchive")
@permits("workspace.archive")
@if_match(WorkspaceOut)
@returns(WorkspaceOut)
def unarchive(access: Access) -> dict[str, Any]:
    """Take a workspace out of the archive."""
    return workspaces.archive(access, False)
