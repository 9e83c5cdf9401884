"""/api/v1/auth/register: create an account; then log in.

The answer does not tell whether the address had an account already.
"""

from typing import Any

from flask import Response

from lib.access.caller import Origin
from lib.accounts import registration
from lib.accounts.schemas import RegisteredOut, RegisterIn
from lib.http import accepts, function, public, reply

app = function(__name__)


@app.post("/api/v1/auth/register")
@public("account.register")
@accepts(RegisterIn)
def register(origin: Origin, body: dict[str, Any]) -> Response:
    return reply(RegisteredOut, registration.register(origin, **body), 202)
