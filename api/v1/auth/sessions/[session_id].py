"""/api/v1/auth/sessions/{session_id}: end one of the caller's sessions."""

from uuid import UUID

from lib.access.caller import Access
from lib.accounts import sessions
from lib.errors import NotFound
from lib.http import function, permits, returns

app = function(__name__)


@app.delete("/api/v1/auth/sessions/<uuid:session_id>")
@permits("session.revoke")
@returns(errors=(NotFound,))
def end(access: Access, session_id: UUID) -> None:
    """End one session: its tokens stop working, its sockets are closed."""
    sessions.revoke(access, session_id)
