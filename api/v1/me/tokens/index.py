"""/api/v1/me/tokens: the caller's personal access tokens, and new ones."""

from typing import Any

from lib.access.caller import Access
from lib.accounts import personal_tokens
from lib.accounts.token_schemas import NewPersonalTokenOut, PersonalTokenIn, PersonalTokenOut
from lib.errors import Conflict
from lib.http import accepts, function, permits
from lib.http.creation import creates
from lib.http.lists import lists

app = function(__name__)


@app.get("/api/v1/me/tokens")
@permits("token.list")
@lists(PersonalTokenOut)
def list_mine(access: Access, paging: dict[str, Any]) -> list[dict[str, Any]]:
    """List the caller's personal access tokens, newest first."""
    return personal_tokens.of_person(access, **paging)


@app.post("/api/v1/me/tokens")
@permits("token.create")
@accepts(PersonalTokenIn)
@creates(NewPersonalTokenOut, "/api/v1/me/tokens/{id}", errors=(Conflict,))
def create(access: Access, body: dict[str, Any]) -> dict[str, Any]:
    """Make a personal access token; its text is in this answer and never shown again."""
    return personal_tokens.create(access, **body)
