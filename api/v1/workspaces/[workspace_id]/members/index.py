"""/api/v1/workspaces/{workspace_id}/members: who is in a workspace; add by e-mail."""

from typing import Any

from lib.access.caller import Access
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists
from lib.workspaces import members
from lib.workspaces.schemas import MemberIn, MemberOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/members")
@permits("member.list")
@lists(MemberOut)
def list_members(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List who is in a workspace."""
    return members.of_workspace(access.conn, access.id, **paging)


@app.post("/api/v1/workspaces/<uuid:workspace_id>/members")
@permits("member.add")
@accepts(MemberIn)
@creates(MemberOut, "/api/v1/workspaces/{workspace_id}/members/{user_id}", errors=(Conflict,))
def add(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Add somebody who has an account, by e-mail."""
    return members.add(access, **body)
