"""/api/v1/auth/refresh: exchange a refresh token for a new pair of tokens."""

from typing import Any

from flask import Response

from lib.access.caller import Origin
from lib.accounts import sessions
from lib.accounts.schemas import RefreshIn, TokensOut
from lib.http import accepts, function, public, reply

app = function(__name__)


@app.post("/api/v1/auth/refresh")
@public("session.refresh")
@accepts(RefreshIn)
def refresh(origin: Origin, body: dict[str, Any]) -> Response:
    return reply(TokensOut, sessions.refresh(origin, **body))
