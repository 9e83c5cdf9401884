"""/api/v1/workspaces/{workspace_id}/audit/export: the log as a file, sent while it is read."""

from typing import Any

from lib.access.caller import Access
from lib.audit import export
from lib.audit.keeping_schemas import ExportQuery
from lib.http import function, permits, query
from lib.http.downloads import streams

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/audit/export")
@permits("audit.export", lets_go=True)
@query(ExportQuery)
@streams("application/x-ndjson", "text/csv")
def export_events(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Export the log, the oldest first; its last line tells whether that is all, and how to go on.

    One answer holds up to 10,000 events. Without that line, it has broken off.
    """
    return export.of_workspace(access.id, **wanted)
