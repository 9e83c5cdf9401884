"""/api/v1/auth/logout: end the session that the access token belongs to."""

from flask import Response

from lib.access.caller import Access
from lib.accounts import sessions
from lib.http import function, no_content, permits

app = function(__name__)


@app.post("/api/v1/auth/logout")
@permits("session.end")
def log_out(access: Access) -> Response:
    sessions.log_out(access.conn, access.caller)
    return no_content()
