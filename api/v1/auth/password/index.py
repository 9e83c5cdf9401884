"""/api/v1/auth/password: change the caller's password."""

from typing import Any

from lib.access.caller import Access
from lib.accounts import recovery
from lib.accounts.attempts import CONFIRMATIONS
from lib.accounts.password_schemas import PasswordChange
from lib.http import accepts, function, limited, permits, returns

app = function(__name__)


@app.post("/api/v1/auth/password")
@permits("password.change")
@limited(CONFIRMATIONS)
@accepts(PasswordChange)
@returns()
def change(access: Access, body: dict[str, Any]) -> None:
    """Change the password; every other session of the caller ends."""
    recovery.change(access, **body)
