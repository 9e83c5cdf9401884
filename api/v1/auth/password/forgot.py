"""/api/v1/auth/password/forgot: have a link mailed that lets one choose a new password."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import recovery
from lib.accounts.attempts import FORGOTTEN
from lib.accounts.password_schemas import ForgotIn
from lib.http import accepts, function, limited, public, returns

app = function(__name__)


@app.post("/api/v1/auth/password/forgot")
@public("password.forgot")
@limited(FORGOTTEN)
@accepts(ForgotIn)
@returns(ForgotIn, 202)
def ask(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Mail a link to an account's address; the answer does not tell whether there is one."""
    return recovery.ask(origin, **body)
