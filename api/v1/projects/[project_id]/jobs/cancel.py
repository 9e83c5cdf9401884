"""/api/v1/projects/{project_id}/jobs/cancel: many jobs that are not wanted any more."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, permits, returns
from lib.jobs import cancellation
from lib.jobs.many_schemas import ManyOut, ManyToCancel

app = function(__name__)


@app.post("/api/v1/projects/<uuid:project_id>/jobs/cancel")
@permits("job.cancel-many")
@accepts(ManyToCancel)
@returns(ManyOut)
def cancel(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Cancel many jobs: those that wait at once, those that run are asked to stop."""
    return cancellation.cancel_many(access, **body)
