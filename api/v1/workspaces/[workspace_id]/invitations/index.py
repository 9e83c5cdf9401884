"""/api/v1/workspaces/{workspace_id}/invitations: who is invited; invite by mail or by link."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, limited, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.workspaces import invitations
from lib.workspaces.invitation_schemas import (
    InvitationIn,
    InvitationMadeOut,
    InvitationOut,
    InvitationQuery,
)

app = function(__name__)

ONE = "/api/v1/workspaces/{workspace_id}/invitations/{id}"


@app.get("/api/v1/workspaces/<uuid:workspace_id>/invitations")
@permits("invitation.list")
@lists(InvitationOut, InvitationQuery)
def list_invitations(access: Access, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """List the invitations into a workspace that can be accepted, or those of another state."""
    return invitations.of_workspace(access, **wanted)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/invitations")
@permits("invitation.create")
@limited(invitations.INVITING)
@accepts(InvitationIn)
@creates(InvitationMadeOut, ONE, errors=(Conflict,))
def invite(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Invite one address, by mail, or make a link; its token is shown this once."""
    return invitations.create(access, **body)
