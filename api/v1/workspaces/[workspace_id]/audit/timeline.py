"""/api/v1/workspaces/{workspace_id}/audit/timeline: all that one request led to."""

from typing import Any

from lib.access.caller import Access
from lib.audit import timeline
from lib.audit.timeline_schemas import TimelineOut, TimelineQuery
from lib.http import function, permits, query, returns

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit/timeline")
@permits("audit.timeline", lets_go=True)
@query(TimelineQuery)
@returns(TimelineOut)
def read(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Read what one request led to: events, its jobs and their attempts, what rooms were told."""
    return timeline.of_request(access.id, **wanted)
