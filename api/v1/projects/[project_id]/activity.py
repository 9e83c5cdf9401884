"""/api/v1/projects/{project_id}/activity: what happened in a project, newest first."""

from typing import Any

from lib.access.caller import Access
from lib.audit import log
from lib.audit.schemas import ActivityQuery, HappeningOut
from lib.http import function, permits
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/activity")
@permits("project.activity", lets_go=True)
@lists(HappeningOut, ActivityQuery)
def list_events(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List what happened in a project, newest first, for everybody in it."""
    return log.of_project(access.id, **wanted)
