"""/api/v1/invitations/register: accept an invitation by mail with a new account; then log in."""

from typing import Any

from lib.access.caller import Origin
from lib.errors import Archived, Conflict, NotFound
from lib.http import accepts, function, limited, public, returns
from lib.workspaces import acceptance
from lib.workspaces.invitations import OVER
from lib.workspaces.invited_schemas import RegisteredInvitedOut, RegisterInvitedIn

app = function(__name__)


@app.post("/api/v1/invitations/register")
@public("invitation.register")
@limited(acceptance.REGISTERING)
@accepts(RegisterInvitedIn)
@returns(RegisteredInvitedOut, 201, errors=(NotFound, Conflict, Archived, *OVER))
def register(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Create an account for the invited address, a member of the workspace from the start."""
    return acceptance.register(origin, **body)
