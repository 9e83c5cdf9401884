"""/api/v1/auth/login: start a session."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import login
from lib.accounts.attempts import LOG_INS
from lib.accounts.login import EmailNotVerified
from lib.accounts.session_schemas import LoginIn, TokensOut
from lib.errors import Unauthenticated
from lib.http import accepts, function, limited, public, returns

app = function(__name__)


@app.post("/api/v1/auth/login")
@public("session.create")
@limited(LOG_INS)
@accepts(LoginIn)
@returns(TokensOut, errors=(Unauthenticated, EmailNotVerified))
def log_in(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Start a session with e-mail and password; the answer holds its tokens."""
    return login.log_in(origin, **body)
