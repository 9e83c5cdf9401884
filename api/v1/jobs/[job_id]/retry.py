"""/api/v1/jobs/{job_id}/retry: once more, for a job that failed or was cancelled."""

from typing import Any

from lib.access.caller import Access
from lib.access.throttles import CREATION
from lib.errors import Conflict
from lib.http import function, limited, permits, returns
from lib.jobs import retrying
from lib.jobs.schemas import JobOut

app = function(__name__)


@app.post("/api/v1/jobs/<uuid:job_id>/retry")
@permits("job.retry")
@limited(CREATION)
@returns(JobOut, errors=(Conflict,))
def retry(access: Access) -> dict[str, Any]:
    """Run a job again that failed or was cancelled, with as many attempts as its kind allows."""
    return retrying.retry(access)
