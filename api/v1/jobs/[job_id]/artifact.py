"""/api/v1/jobs/{job_id}/artifact: the file that a job made, to download."""

from flask import Response

from lib.access.caller import Access
from lib.http import download, function, permits
from lib.jobs import artifacts

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>/artifact")
@permits("job.read")
def read(access: Access) -> Response:
    return download(**artifacts.read(access.conn, access.id))
