"""/api/v1/auth/login: start a session with e-mail and password."""

from typing import Any

from flask import Response

from lib.access.caller import Origin
from lib.accounts import sessions
from lib.accounts.schemas import LoginIn, TokensOut
from lib.http import accepts, function, public, reply

app = function(__name__)


@app.post("/api/v1/auth/login")
@public("session.create")
@accepts(LoginIn)
def log_in(origin: Origin, body: dict[str, Any]) -> Response:
    return reply(TokensOut, sessions.log_in(origin, **body))
