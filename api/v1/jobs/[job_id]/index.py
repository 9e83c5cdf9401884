"""/api/v1/jobs/{job_id}: one job: how far it is, and what came of it."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.http.waiting import waits
from lib.jobs.schemas import JobOut

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>")
@waits
@permits("job.read")
@returns(JobOut)
def read(access: Access) -> dict[str, Any]:
    """Read a job: its state, attempts, progress, result or error; at once, or when it changes."""
    return access.target
