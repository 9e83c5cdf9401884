"""/api/v1/me/tokens/{token_id}: read and revoke one personal access token."""

from typing import Any
from uuid import UUID

from lib.access.caller import Access
from lib.accounts import personal_tokens
from lib.accounts.token_schemas import PersonalTokenOut
from lib.errors import NotFound
from lib.http import function, if_match, permits, returns

app = function(__name__)


@app.get("/api/v1/me/tokens/<uuid:token_id>")
@permits("token.read")
@returns(PersonalTokenOut, errors=(NotFound,))
def read(access: Access, token_id: UUID) -> dict[str, Any]:
    """Read one of the caller's tokens, without its text."""
    return personal_tokens.read(access, token_id)


@app.delete("/api/v1/me/tokens/<uuid:token_id>")
@permits("token.revoke")
@if_match(PersonalTokenOut, personal_tokens.read)
@returns(errors=(NotFound,))
def revoke(access: Access, token_id: UUID) -> None:
    """Revoke a token: it stops working, the sockets it opened are closed."""
    personal_tokens.revoke(access, token_id)
