"""/api/v1/jobs/{job_id}/artifact: the file that a job made, to download."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits
from lib.http.downloads import downloads
from lib.jobs import artifacts

app = function(__name__)


@app.get("/api/v1/jobs/<uuid:job_id>/artifact")
@permits("job.read")
@downloads()
def read(access: Access) -> dict[str, Any]:
    """Download the file that a job made, or a part of it."""
    return artifacts.read(access.conn, access.id)
