"""/api/v1/auth/logout: end the session that the access token belongs to."""

from lib.access.caller import Access
from lib.accounts import sessions
from lib.http import function, permits, returns

app = function(__name__)


@app.post("/api/v1/auth/logout")
@permits("session.end")
@returns()
def log_out(access: Access) -> None:
    """End this session: its tokens stop working, its sockets are closed."""
    sessions.log_out(access)
