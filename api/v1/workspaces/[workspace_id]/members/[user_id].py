"""/api/v1/workspaces/{workspace_id}/members/{user_id}: one member: read, change role, remove."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, if_match, permits, returns
from lib.workspaces import members
from lib.workspaces.schemas import MemberOut, RoleIn

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.list")
@returns(MemberOut)
def read(access: Access, user_id: UUID) -> dict[str, Any]:
    """Read one member of a workspace."""
    return members.read(access, user_id)


@app.patch("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.update")
@if_match(MemberOut, members.read)
@accepts(RoleIn)
@returns(MemberOut, errors=(Conflict,))
def change_role(access: Access, body: dict[str, Any], user_id: UUID) -> dict[str, Any]:
    """Give a member another role; the last owner stays one."""
    return members.change_role(access, user_id, **body)


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.remove")
@if_match(MemberOut, members.read)
@returns(errors=(Conflict,))
def remove(access: Access, user_id: UUID) -> None:
    """Take somebody out of a workspace; the last owner stays."""
    members.remove(access, user_id)
