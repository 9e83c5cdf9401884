"""/api/v1/workspaces/{workspace_id}/audit/summary: how much happened, by day, action and person."""

from typing import Any

from lib.access.caller import Access
from lib.audit import summary
from lib.audit.filter_schemas import FilterQuery
from lib.audit.summary_schemas import AuditSummaryOut
from lib.http import function, permits, query, returns

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit/summary")
@permits("audit.summary", lets_go=True)
@query(FilterQuery)
@returns(AuditSummaryOut)
def summarise(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Count what happened in a workspace: in the last 30 days, or in up to 366 of one's choice."""
    return summary.of_workspace(access.id, **wanted)
