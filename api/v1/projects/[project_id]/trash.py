"""/api/v1/projects/{project_id}/trash: a deleted project, to delete for good."""

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, if_match, permits, returns
from lib.projects import trash
from lib.projects.schemas import ProjectOut

app = function(__name__)


@app.delete("/api/v1/projects/<uuid:project_id>/trash")
@permits("project.purge")
@if_match(ProjectOut)
@returns(errors=(Conflict,))
def purge(access: Access) -> None:
    """Delete a deleted project for good, with all that is in it, before its 30 days are over."""
    trash.purge(access)
