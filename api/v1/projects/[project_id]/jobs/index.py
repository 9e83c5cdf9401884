"""/api/v1/projects/{project_id}/jobs: the jobs of a project, newest first, and new ones."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, function, page, permits, query, reply
from lib.jobs import jobs, submission
from lib.jobs.schemas import JobIn, JobOut, JobQuery

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.list")
@query(JobQuery)
def list_jobs(access: Access, wanted: dict[str, Any]) -> Response:
    return page(JobOut, jobs.of_project(access.conn, access.id, **wanted), wanted["limit"])


@app.post("/api/v1/projects/<uuid:project_id>/jobs")
@permits("job.submit")
@accepts(JobIn)
def submit(access: Access, body: dict[str, Any]) -> Response:
    job = submission.submit(access, **body)
    return reply(JobOut, job, 202, {"Location": f"/api/v1/jobs/{job['id']}"})
