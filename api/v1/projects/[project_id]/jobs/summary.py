"""/api/v1/projects/{project_id}/jobs/summary: how many jobs there are in each state."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.jobs import jobs
from lib.jobs.many_schemas import SummaryOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/jobs/summary")
@permits("job.list")
@returns(SummaryOut)
def read(access: Access) -> dict[str, Any]:
    """Count the jobs of a project by state."""
    return jobs.summary(access)
