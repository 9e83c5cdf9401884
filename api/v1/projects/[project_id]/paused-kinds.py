"""/api/v1/projects/{project_id}/paused-kinds: which kinds of jobs wait, until they are resumed."""

from typing import Any

from lib.access.caller import Access
from lib.http import accepts, function, if_match, permits, returns
from lib.jobs import pauses
from lib.jobs.many_schemas import PausedKinds, PausedKindsOut

app = function(__name__)


@app.get("/api/v1/projects/<uuid:project_id>/paused-kinds")
@permits("job.list")
@returns(PausedKindsOut)
def read(access: Access) -> dict[str, Any]:
    """Read which kinds of jobs are paused."""
    return pauses.read(access)


@app.put("/api/v1/projects/<uuid:project_id>/paused-kinds")
@permits("job.pause")
@if_match(PausedKindsOut, pauses.read)
@accepts(PausedKinds)
@returns(PausedKindsOut)
def replace(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Pause these kinds and resume all others; what runs goes on, what waits is kept."""
    return pauses.replace(access, body["kinds"])
