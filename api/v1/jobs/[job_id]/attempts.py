"""/api/v1/jobs/{job_id}/attempts: each time that a worker has tried, and how it went."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits
from lib.http.lists import lists
from lib.http.paging import PageQuery
from lib.jobs import attempts
from lib.jobs.attempt_schemas import JobAttemptOut

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>/attempts")
@permits("job.attempts")
@lists(JobAttemptOut, PageQuery)
def list_attempts(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the attempts at a job, newest first; the one under way has no outcome yet."""
    return attempts.of_job(access.conn, access.id, **wanted)
