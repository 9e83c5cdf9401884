"""/api/v1/projects/{project_id}/schedules/{schedule_id}: read, change and delete one schedule."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import NotFound
from lib.http import accepts, function, if_match, permits, returns
from lib.jobs import schedules
from lib.jobs.schedule_schemas import ScheduleChanges, ScheduleOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/schedules/<uuid:schedule_id>")
@permits("schedule.read")
@returns(ScheduleOut, errors=(NotFound,))
def read(access: Access, schedule_id: UUID) -> dict[str, Any]:
    """Read a schedule: when it is due next, and what became of its last job."""
    return schedules.read(access, schedule_id)


@app.patch("/api/v1/projects/<uuid:project_id>/schedules/<uuid:schedule_id>")
@permits("schedule.update")
@if_match(ScheduleOut, schedules.held)
@accepts(ScheduleChanges)
@returns(ScheduleOut, errors=(NotFound,))
def update(access: Access, changes: dict[str, Any], schedule_id: UUID) -> dict[str, Any]:
    """Change, enable or disable a schedule, which submits in the caller's name from now on."""
    return schedules.update(access, changes, schedule_id)


@app.delete("/api/v1/projects/<uuid:project_id>/schedules/<uuid:schedule_id>")
@permits("schedule.delete")
@if_match(ScheduleOut, schedules.held)
@returns(errors=(NotFound,))
def delete(access: Access, schedule_id: UUID) -> None:
    """Delete a schedule; the jobs that it has submitted stay."""
    schedules.delete(access, schedule_id)
