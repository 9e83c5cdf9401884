"""/api/v1/auth/register: create an account; then log in."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import registration
from lib.accounts.schemas import RegisteredOut, RegisterIn
from lib.http import accepts, function, public, returns

app = function(__name__)


@app.post("/api/v1/auth/register")
@public("account.register")
@accepts(RegisterIn)
@returns(RegisteredOut, 202)
def register(origin: Origin, body: dict[str, Any]) -> dict[str, Any]:
    """Create an account; the answer does not tell whether the address had one already."""
    return registration.register(origin, **body)
