"""/api/v1/projects/{project_id}/jobs: the jobs of a project, newest first, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, creates, function, lists, permits
from lib.jobs import jobs, submission
from lib.jobs.schemas import JobIn, JobOut, JobQuery

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.list")
@lists(JobOut, JobQuery)
def list_jobs(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the jobs of a project, newest first."""
    return jobs.of_project(access.conn, access.id, **wanted)


@app.post("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.submit")
@accepts(JobIn)
@creates(JobOut, "/api/v1/jobs/{id}", 202)
def submit(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Submit a job, to run at once or later; it will run, whatever becomes of the queue."""
    return submission.submit(access, **body)
