"""/api/v1/jobs/{job_id}: one job: how far it is, and what came of it."""

from flask import Response

from lib.access.caller import Access
from lib.http import function, permits, reply
from lib.jobs.schemas import JobOut

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>")
@permits("job.read")
def read(access: Access) -> Response:
    return reply(JobOut, access.target)
