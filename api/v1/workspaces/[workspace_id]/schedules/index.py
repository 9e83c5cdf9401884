"""/api/v1/workspaces/{workspace_id}/schedules: reports that recur in a workspace, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.jobs import schedules
from lib.jobs.report_schedule_schemas import ReportScheduleIn
from lib.jobs.schedule_schemas import ScheduleOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/schedules")
@permits("workspace-schedule.list")
@lists(ScheduleOut)
def list_schedules(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the schedules of a workspace as a whole, oldest first."""
    return schedules.listed(access, **paging)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/schedules")
@permits("workspace-schedule.create")
@accepts(ReportScheduleIn)
@creates(ScheduleOut, "/api/v1/workspaces/{workspace_id}/schedules/{id}", errors=(Conflict,))
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Have a report made again and again, in the caller's name, at times by a cron expression."""
    return schedules.create(access, **body)
