"""/api/v1/invitations/accept: accept an invitation with the account that is logged in."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Archived, NotFound
from lib.http import accepts, function, limited, permits, returns
from lib.workspaces import acceptance
from lib.workspaces.acceptance import ForAnother
from lib.workspaces.acceptance_schemas import TokenIn
from lib.workspaces.invitations import OVER
from lib.workspaces.schemas import WorkspaceOut

app = function(__name__)


@app.post("/api/v1/invitations/accept")
@permits("invitation.accept")
@limited(acceptance.ACCEPTING)
@accepts(TokenIn)
@returns(WorkspaceOut, errors=(ForAnother, NotFound, Archived, *OVER))
def accept(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Become a member of the workspace; who is one already keeps their role."""
    return acceptance.accept(access, **body)
