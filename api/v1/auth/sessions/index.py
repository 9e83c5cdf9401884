"""/api/v1/auth/sessions: where the caller is logged in; log out there."""

from typing import Any

from lib.access.caller import Access
from lib.accounts import sessions
from lib.accounts.session_schemas import EndQuery, SessionOut
from lib.http import function, permits, query, returns
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/auth/sessions")
@permits("session.list")
@lists(SessionOut)
def list_mine(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the caller's live sessions, newest first."""
    return sessions.of_person(access, **paging)


@app.delete("/api/v1/auth/sessions")
@permits("session.revoke")
@query(EndQuery)
@returns()
def end_all(access: Access, wanted: dict[str, Any]) -> None:
    """End all of the caller's sessions; with `keep=current`, all but this one."""
    sessions.revoke_all(access, **wanted)
