"""/api/v1/workspaces/{workspace_id}/transfer: hand a workspace over to another member."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, if_match, permits, returns
from lib.workspaces import members
from lib.workspaces.schemas import TransferIn, WorkspaceOut

app = function(__name__)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/transfer")
@permits("workspace.transfer")
@if_match(WorkspaceOut)
@accepts(TransferIn)
@returns(WorkspaceOut)
def transfer(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Make another member an owner in one's own place, and go on with a lesser role."""
    return members.transfer(access, **body)
