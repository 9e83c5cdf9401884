"""/api/v1/auth/login: start a session."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import sessions
from lib.accounts.schemas import LoginIn, TokensOut
from lib.errors import Unauthenticated
from lib.http import accepts, function, public, returns

app = function(__name__)


@app.post("/api/v1/auth/login")
@public("session.create")
@accepts(LoginIn)
@returns(TokensOut, errors=(Unauthenticated,))
def log_in(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Start a session with e-mail and password; the answer holds its tokens."""
    return sessions.log_in(origin, **body)
