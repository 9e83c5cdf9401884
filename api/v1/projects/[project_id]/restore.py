"""/api/v1/projects/{project_id}/restore: take a deleted project out of the trash."""

from typing import Any

from lib.access.caller import Access
from lib.http import function, permits, returns
from lib.projects import trash
from lib.projects.schemas import ProjectOut

app = function(__name__)


@app.post("/api/v1/projects/<uuid:project_id>/restore")
@permits("project.restore")
@returns(ProjectOut)
def restore(access: Access) -> dict[str, Any]:
    """Restore a deleted project as it was; jobs that the deletion cancelled stay cancelled."""
    return trash.restore(access)
