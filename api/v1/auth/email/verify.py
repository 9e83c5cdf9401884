"""/api/v1/auth/email/verify: confirm an e-mail address, with the token that was mailed."""

from typing import Any

from lib.access.caller import Origin
from lib.accounts import verification
from lib.accounts.attempts import LINK_USES
from lib.accounts.schemas import VerifyIn
from lib.http import accepts, function, limited, public, returns

app = function(__name__)


@app.post("/api/v1/auth/email/verify")
@public("email.verify")
@limited(LINK_USES)
@accepts(VerifyIn)
@returns()
def verify(origin: Origin, body: dict[str, Any]) -> None:
    """Confirm that the account's address is its owner's."""
    verification.verify(origin, **body)
