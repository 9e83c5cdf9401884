"""/api/v1/projects/{project_id}/jobs: the jobs of a project, newest first, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, permits, query, returns
from lib.http.creation import creates
from lib.http.lists import lists
from lib.jobs import jobs, retention, submission
from lib.jobs.many_schemas import ManyOut, PurgeQuery
from lib.jobs.schemas import JobIn, JobOut, JobQuery

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.list")
@lists(JobOut, JobQuery)
def list_jobs(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the jobs of a project, newest first: all, or by state, kind, person, key or time."""
    return jobs.of_project(access, **wanted)


@app.post("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.submit")
@accepts(JobIn)
@creates(JobOut, "/api/v1/jobs/{id}", 202)
def submit(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Submit a job, to run at once or later; it will run, whatever becomes of the queue."""
    return submission.submit(access, **body)


@app.delete("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.purge")
@query(PurgeQuery)
@returns(ManyOut)
def purge(access: Access, wanted: dict[str, Any]) -> dict[str, Any]:
    """Delete jobs that ended long enough ago, with their files and logs."""
    return retention.purge(access, **wanted)
