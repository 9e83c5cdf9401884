"""/api/v1/workspaces/{workspace_id}/schedules/{schedule_id}: one schedule of its reports."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import NotFound
from lib.http import accepts, function, if_match, permits, returns
from lib.jobs import schedules
from lib.jobs.report_schedule_schemas import ReportScheduleChanges
from lib.jobs.schedule_schemas import ScheduleOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/schedules/<uuid:schedule_id>")
@permits("workspace-schedule.read")
@returns(ScheduleOut, errors=(NotFound,))
def read(access: Access, schedule_id: UUID) -> dict[str, Any]:
    """Read a schedule: when it is due next, and what became of its last report."""
    return schedules.read(access, schedule_id)


@app.patch("/api/v1/workspaces/<uuid:workspace_id>/schedules/<uuid:schedule_id>")
@permits("workspace-schedule.update")
@if_match(ScheduleOut, schedules.held)
@accepts(ReportScheduleChanges)
@returns(ScheduleOut, errors=(NotFound,))
def update(access: Access, changes: dict[str, Any], schedule_id: UUID) -> dict[str, Any]:
    """Change, enable or disable a schedule, which submits in the caller's name from now on."""
    return schedules.update(access, changes, schedule_id)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/schedules/<uuid:schedule_id>")
@permits("workspace-schedule.delete")
@if_match(ScheduleOut, schedules.held)
@returns(errors=(NotFound,))
def delete(access: Access, schedule_id: UUID) -> None:
    """Delete a schedule; the reports that it has submitted stay."""
    schedules.delete(access, schedule_id)
