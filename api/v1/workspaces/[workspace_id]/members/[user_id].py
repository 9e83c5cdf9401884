"""/api/v1/workspaces/{workspace_id}/members/{user_id}: change a member's role, or take them out."""

from typing import Any
from uuid import UUID

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, function, no_content, permits, reply
from lib.workspaces import members
from lib.workspaces.schemas import MemberOut, RoleIn

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.list")
def read(access: Access, user_id: UUID) -> Response:
    return reply(MemberOut, members.read(access, user_id))


@app.patch("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.update")
@accepts(RoleIn)
def change_role(access: Access, body: dict[str, Any], user_id: UUID) -> Response:
    return reply(MemberOut, members.change_role(access, user_id, **body))


@app.delete("/api/v1/workspaces/<uuid:workspace_id>/members/<uuid:user_id>")
@permits("member.remove")
def remove(access: Access, user_id: UUID) -> Response:
    members.remove(access, user_id)
    return no_content()
