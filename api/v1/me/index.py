"""/api/v1/me: the caller's own account."""

from flask import Response

from lib.access.caller import Access
from lib.accounts.schemas import AccountOut
from lib.http import function, permits, reply

app = function(__name__)


@app.get("/api/v1/me")
@permits("account.read")
def read(access: Access) -> Response:
    return reply(AccountOut, access.target)
