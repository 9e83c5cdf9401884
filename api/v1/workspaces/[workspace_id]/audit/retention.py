"""/api/v1/workspaces/{workspace_id}/audit/retention: for how long events are kept."""

from typing import Any

from lib.access.caller import Access
from lib.audit import retention
from lib.audit.keeping_schemas import RetentionIn, RetentionOut
from lib.http import accepts, function, permits, returns

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit/retention")
@permits("audit.read-retention")
@returns(RetentionOut)
def read(access: Access) -> dict[str, Any]:
    """Read for how many days the workspace keeps its events."""
    return retention.of_workspace(access)


@app.put("/api/v1/workspaces/<uuid:workspace_id>/audit/retention")
@permits("audit.set-retention")
@accepts(RetentionIn)
@returns(RetentionOut)
def choose(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Keep events for 30 to 3650 days, or, with null, as long as the installation says."""
    return retention.choose(access, **body)
