"""/api/v1/jobs/{job_id}/cancel: a job that is not wanted any more."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, permits, returns
from lib.jobs import cancellation
from lib.jobs.schemas import JobOut

app = function(__name__)


@app.post("/api/v1/jobs/<uuid:job_id>/cancel")
@permits("job.cancel")
@returns(JobOut, errors=(Conflict,))
def cancel(access: Access) -> dict[str, Any]:
    """Cancel a job: at once if it waits; one that runs is asked to stop, and stops soon."""
    return cancellation.cancel(access)
