"""/api/v1/me: the caller's own account."""

from typing import Any

from lib.access.caller import Access
from lib.accounts.schemas import AccountOut
from lib.http import function, permits, returns

app = function(__name__)


@app.get("/api/v1/me")
@permits("account.read")
@returns(AccountOut)
def read(access: Access) -> dict[str, Any]:
    """Read the caller's own account."""
    return access.target
