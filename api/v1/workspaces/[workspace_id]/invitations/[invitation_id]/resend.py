"""/api/v1/workspaces/{workspace_id}/invitations/{invitation_id}/resend: mail it again."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import function, limited, permits, returns
from lib.workspaces import invitations
from lib.workspaces.invitation_schemas import InvitationOut

app = function(__name__)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/invitations/<uuid:invitation_id>/resend")
@permits("invitation.resend")
@limited(invitations.RESENDING)
@returns(InvitationOut, errors=(Conflict, invitations.Revoked, invitations.UsedUp))
def resend(access: Access, invitation_id: UUID) -> dict[str, Any]:
    """Send an invitation's mail again; it lasts as long as a new one."""
    return invitations.resend(access, invitation_id)
