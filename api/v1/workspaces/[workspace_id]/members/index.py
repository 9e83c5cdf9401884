"""/api/v1/workspaces/{workspace_id}/members: who is in a workspace; add by e-mail."""

from typing import Any

from flask import Response

from lib.access.caller import Access
from lib.http import accepts, created, function, page, permits, query
from lib.http.replies import PageQuery
from lib.workspaces import members
from lib.workspaces.schemas import MemberIn, MemberOut

app = function(__name__)


@app.get("/api/v1/workspaces/<uuid:workspace_id>/members")
@permits("member.list")
@query(PageQuery)
def list_members(access: Access, paging: dict[str, Any]) -> Response:
    rows = members.of_workspace(access.conn, access.id, **paging)
    return page(MemberOut, rows, paging["limit"])


@app.post("/api/v1/workspaces/<uuid:workspace_id>/members")
@permits("member.add")
@accepts(MemberIn)
def add(access: Access, body: dict[str, Any]) -> Response:
    member = members.add(access, **body)
    location = f"/api/v1/workspaces/{access.id}/members/{member['user_id']}"
    return created(MemberOut, member, location)
