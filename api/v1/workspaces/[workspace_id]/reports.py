"""/api/v1/workspaces/{workspace_id}/reports: reports of what happened in a workspace."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.jobs import jobs, reports
from lib.jobs.report_schemas import ReportIn
from lib.jobs.schemas import JobOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/reports")
@permits("report.list")
@lists(JobOut)
def list_reports(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the reports of a workspace, newest first; each is kept for a week."""
    return jobs.of_workspace(access.conn, access.id, **paging)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/reports")
@permits("report.create")
@accepts(ReportIn)
@creates(JobOut, "/api/v1/jobs/{id}", 202)
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Have a report made by a job, whose artifact it is: who did what how often, day by day."""
    return reports.submit(access, **body)
