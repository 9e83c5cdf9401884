"""/api/v1/auth/password/reset: choose a new password, with the token that was mailed."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import recovery
from lib.accounts.attempts import LINK_USES
from lib.accounts.password_schemas import ResetIn
from lib.http import accepts, function, limited, public, returns

app = function(__name__)


@app.post("/api/v1/auth/password/reset")
@public("password.reset")
@limited(LINK_USES)
@accepts(ResetIn)
@returns()
def reset(origin: Origin, body: dict[str, Any]) -> None:
    """Choose a new password; every session and every personal access token ends."""
    recovery.reset(origin, **body)
