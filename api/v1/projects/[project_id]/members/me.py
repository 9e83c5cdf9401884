"""/api/v1/projects/{project_id}/members/me: leave a project."""

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, permits, returns
from lib.projects import members

app = function(__name__)


@app.delete("/api/v1/projects/<uuid:project_id>/members/me")
@permits("project-member.leave")
@returns(errors=(Conflict,))
def leave(access: Access) -> None:
    """Give up one's own role on a project, as a guest does to leave it."""
    members.leave(access)
