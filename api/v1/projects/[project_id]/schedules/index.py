"""/api/v1/projects/{project_id}/schedules: jobs that recur in a project, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.jobs import schedules
from lib.jobs.schedule_schemas import ScheduleIn, ScheduleOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/schedules")
@permits("schedule.list")
@lists(ScheduleOut)
def list_schedules(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the schedules of a project, oldest first."""
    return schedules.listed(access, **paging)


@app.post("/api/v1/projects/<uuid:project_id>/schedules")
@permits("schedule.create")
@accepts(ScheduleIn)
@creates(ScheduleOut, "/api/v1/projects/{project_id}/schedules/{id}", errors=(Conflict,))
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Have a job submitted again and again, in the caller's name, at times by a cron expression."""
    return schedules.create(access, **body)
