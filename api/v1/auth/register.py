"""/api/v1/auth/register: create an account; a mail asks to confirm the address."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import registration
from lib.accounts.attempts import REGISTRATIONS
from lib.accounts.schemas import RegisteredOut, RegisterIn
from lib.http import accepts, function, limited, public, returns

app = function(__name__)


@app.post("/api/v1/auth/register")
@public("account.register")
@limited(REGISTRATIONS)
@accepts(RegisterIn)
@returns(RegisteredOut, 202)
def register(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Create an account; the answer does not tell whether the address had one already."""
    return registration.register(origin, **body)
