"""/api/v1/auth/refresh: exchange a refresh token for a new pair of tokens."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import sessions
from lib.accounts.session_schemas import RefreshIn, TokensOut
from lib.errors import Unauthenticated
from lib.http import accepts, function, public, returns

app = function(__name__)


@app.post("/api/v1/auth/refresh")
@public("session.refresh")
@accepts(RefreshIn)
@returns(TokensOut, errors=(Unauthenticated,))
def refresh(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for a new pair; each is used once, twice within 10 s."""
    return sessions.refresh(origin, **body)
