"""/api/v1/workspaces/{workspace_id}/audit: who did what in a workspace, newest first."""

from typing import Any

from lib.access.caller import Access
from lib.audit import log
from lib.audit.schemas import AuditQuery, LoggedOut
from lib.http import function, permits
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit")
@permits("workspace.audit", lets_go=True)
@lists(LoggedOut, AuditQuery)
def list_events(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List what happened in a workspace, newest first."""
    return log.of_workspace(access.id, **wanted)
