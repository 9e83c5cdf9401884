"""/api/v1/workspaces/{workspace_id}/members/me: leave a workspace."""

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, permits, returns
from lib.workspaces import members

app = function(__name__)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/members/me")
@permits("member.leave")
@returns(errors=(Conflict,))
def leave(access: Access) -> None:
    """Leave a workspace; its last owner can't."""
    members.leave(access)
