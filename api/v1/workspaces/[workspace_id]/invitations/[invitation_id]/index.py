"""/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}: read one, take it back."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.http import function, if_match, permits, returns
from lib.workspaces import invitations
from lib.workspaces.invitation_schemas import InvitationOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/invitations/<uuid:invitation_id>")
@permits("invitation.list")
@returns(InvitationOut)
def read(access: Access, invitation_id: UUID) -> dict[str, Any]:
    """Read an invitation; its token is not shown again."""
    return invitations.read(access, invitation_id)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/invitations/<uuid:invitation_id>")
@permits("invitation.revoke")
@if_match(InvitationOut, invitations.read)
@returns()
def revoke(access: Access, invitation_id: UUID) -> None:
    """Take an invitation back."""
    invitations.revoke(access, invitation_id)
