"""/api/v1/jobs/{job_id}/logs: what a job has logged while it ran."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits
from lib.http.lists import lists
from lib.jobs import job_logs
from lib.jobs.attempt_schemas import LogLineOut, LogQuery

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>/logs")
@permits("job.logs")
@lists(LogLineOut, LogQuery)
def list_lines(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List what a job has logged, the oldest first, attempt after attempt."""
    return job_logs.of_job(access.conn, access.id, **wanted)
