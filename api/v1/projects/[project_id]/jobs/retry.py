"""/api/v1/projects/{project_id}/jobs/retry: once more, for many that failed or were cancelled."""

from typing import Any

from lib.access.caller import Access
from lib.access.throttles import CREATION
from lib.errors import Conflict
from lib.http import accepts, function, limited, permits, returns
from lib.jobs import retrying
from lib.jobs.many_schemas import ManyOut, ManyToRetry

app = function(__name__)


@app.post("/api/v1/projects/<uuid:project_id>/jobs/retry")
@permits("job.retry-many")
@limited(CREATION)
@accepts(ManyToRetry)
@returns(ManyOut, errors=(Conflict,))
def retry(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Run many jobs again; of those with the same unique key the newest, unless one lives."""
    return retrying.retry_many(access, **body)
