"""/api/v1/auth/email/resend: have the link to confirm one's address mailed again."""

from lib.access.caller import Access
from lib.accounts import verification
from lib.accounts.attempts import RESENDS
from lib.errors import Conflict
from lib.http import function, limited, permits, returns

app = function(__name__)


@app.post("/api/v1/auth/email/resend")
@permits("email.resend")
@limited(RESENDS)
@returns(errors=(Conflict,))
def resend(access: Access) -> None:
    """Mail the caller a new link to confirm their address; the one before ends."""
    verification.resend(access)
